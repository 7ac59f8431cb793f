import { mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentPepper } from './development-pepper.js';
import { ConfigError, parseEnv } from './parse-env.js';
import { VARIABLES } from './variables.js';

const PEPPER = 'Zk3qv0Yw7dXr5bNnT1uEJ8hLmA2sGc9P';
const DATABASE_URL = 'mysql://latchkey:s3cret@db.internal:3307/keys';
const production = { APP_ENV: 'production', DATABASE_URL, SECRET_PEPPER: PEPPER, TRUST_PROXY: 'none' };

function parse(env: Record<string, string>) {
  return parseEnv(env, () => Buffer.from('d'.repeat(32)));
}

function problems(env: Record<string, string>): readonly string[] {
  try {
    parse(env);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs nothing but a database in development', () => {
    expect(parse({ DATABASE_URL })).toMatchObject({
      env: 'development',
      host: '127.0.0.1',
      port: 3000,
      secretPrefix: 'sk_live_',
      bcryptCost: 10,
      bcryptRecovery: false,
      trustedProxies: [],
      logFormat: 'pretty',
      pepper: Buffer.from('d'.repeat(32)),
    });
  });

  it('must say in production which pepper and which proxies', () => {
    expect(problems({ APP_ENV: 'production', DATABASE_URL })).toEqual([
      expect.stringContaining('TRUST_PROXY must be set in production'),
      expect.stringContaining('SECRET_PEPPER must be set in production'),
    ]);
    expect(parse(production)).toMatchObject({
      env: 'production',
      host: '0.0.0.0',
      logFormat: 'json',
      shutdownDelayMs: 5_000,
    });
  });

  it('lists all that is wrong at once, by name, and repeats no value', () => {
    const wrong = {
      APP_ENV: 'staging',
      DATABASE_URL: 'postgres://root:hunter2@host/db',
      PORT: '99999',
      SECRET_PEPPER: 'hunter2',
      BCRYPT_COST: '4',
      BCRYPT_RECOVERY: 'yes',
      TRUST_PROXY: '10.0.0.0/8,0.0.0.0/0',
      LOG_LEVEL: 'loud',
      SECRET_PREFIX: 'pk_',
    };
    const found = problems(wrong);
    for (const name of Object.keys(wrong)) {
      expect(found.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1);
    }
    expect(found).toHaveLength(Object.keys(wrong).length);
    expect(found.join()).not.toContain('hunter2');
  });

  it('refuses to trust everybody as a proxy', () => {
    expect(problems({ ...production, TRUST_PROXY: '::/0' })).toEqual([expect.stringContaining('/0')]);
    expect(parse({ ...production, TRUST_PROXY: '10.0.0.0/8, 2001:db8::1' }).trustedProxies.map(String)).toEqual([
      '10.0.0.0/8',
      '2001:db8::1',
    ]);
  });

  it('refuses networks that together are everybody, for proxies and gateways alike, in development too', () => {
    const FORWARD_AUTH_ADDRESS_HEADER = 'X-Real-IP';
    for (const env of [{ DATABASE_URL }, production]) {
      for (const name of ['TRUST_PROXY', 'FORWARD_AUTH_TRUSTED_PEERS']) {
        for (const value of ['0.0.0.0/1,128.0.0.0/1', '::/1, 8000::/1']) {
          expect(problems({ ...env, FORWARD_AUTH_ADDRESS_HEADER, [name]: value })).toEqual(
            expect.arrayContaining([
              expect.stringMatching(new RegExp(`^${name} must not contain .*name the networks`)),
            ]),
          );
        }
      }
    }
  });

  it('opens the endpoints for services without tokens to this machine alone', () => {
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      expect(parse({ DATABASE_URL, INTERNAL_HOST: host }).internalTokens).toEqual([]);
    }
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', 'localhost.example.com', 'internal']) {
      expect(problems({ DATABASE_URL, INTERNAL_HOST: host })).toEqual([
        expect.stringContaining('INTERNAL_TOKENS must be set unless INTERNAL_HOST is a loopback address'),
      ]);
    }
    const token = 'x'.repeat(32);
    expect(parse({ DATABASE_URL, INTERNAL_HOST: '0.0.0.0', INTERNAL_TOKENS: `a:${token}` }).internalTokens).toEqual([
      { name: 'a', token: Buffer.from(token) },
    ]);
  });

  it('takes several tokens of one name, none that is short or has two names, and never repeats one', () => {
    const [one, two] = ['1'.repeat(32), '2'.repeat(32)];
    const names = (value: string) =>
      parse({ DATABASE_URL, INTERNAL_TOKENS: value }).internalTokens.map(({ name }) => name);
    expect(names(`billing:${one}, billing:${two}`)).toEqual(['billing', 'billing']);
    const wrong = [one, `billing:${'1'.repeat(31)}`, `:${one}`, `bil ling:${one}`, `billing:${one},`, `a:${one}é`];
    for (const value of wrong) {
      const found = problems({ DATABASE_URL, INTERNAL_TOKENS: value });
      expect(found).toEqual([expect.stringContaining('INTERNAL_TOKENS must be')]);
      expect(found.join()).not.toContain('1111');
    }
    expect(problems({ DATABASE_URL, INTERNAL_TOKENS: `a:${one},b:${one}` })).toEqual([
      expect.stringContaining('one token to two names'),
    ]);
  });

  it('says of a token list which entry is wrong, and why', () => {
    const good = `a:${'1'.repeat(32)}`;
    const reasons: readonly (readonly [entry: string, reason: string])[] = [
      ['2'.repeat(32), 'has no colon'],
      [`bil ling:${'2'.repeat(32)}`, 'must have a name of'],
      [`b:${'2'.repeat(31)}`, 'has a token of 31 characters, but at least 32 are required'],
      [`b:${'2'.repeat(32)}:x`, 'has a character in its token'],
    ];
    for (const [entry, reason] of reasons) {
      expect(problems({ DATABASE_URL, INTERNAL_TOKENS: `${good},${entry}` })).toEqual([
        expect.stringContaining(`; entry 2 ${reason}`),
      ]);
    }
    const many = Array.from({ length: 65 }, (_, place) => `a:${String(place).padStart(32, '0')}`).join(',');
    expect(problems({ DATABASE_URL, INTERNAL_TOKENS: many })).toEqual([expect.stringContaining('; there are 65')]);
  });

  it('says of a value that is wrong because quotes are a part of it that they are', () => {
    for (const quote of ['"', "'"]) {
      for (const [name, value] of Object.entries({ DATABASE_URL, PORT: '3000', TRUST_PROXY: '10.0.0.1' })) {
        expect(problems({ DATABASE_URL, [name]: `${quote}${value}${quote}` })).toEqual([
          expect.stringMatching(new RegExp(`^${name} must .*the quotes around the value`)),
        ]);
      }
    }
    expect(problems({ DATABASE_URL, PORT: 'x' }).join()).not.toContain('quotes');
  });

  it('takes every form of an address to listen on, and says what is too much in another', () => {
    const variables = ['HOST', 'INTERNAL_HOST'] as const;
    const INTERNAL_TOKENS = `a:${'1'.repeat(32)}`;
    for (const name of variables) {
      for (const host of [
        '::',
        '::1',
        '0.0.0.0',
        '10.0.0.1',
        'fe80::1%eth0',
        '::ffff:127.0.0.1',
        'localhost',
        'db-1.x',
      ]) {
        expect([host, problems({ DATABASE_URL, INTERNAL_TOKENS, [name]: host })]).toEqual([host, []]);
      }
      const wrong = {
        '[::1]': 'without brackets',
        '[::]:3000': 'without a port',
        '127.0.0.1:3000': 'without a port',
        'localhost:3000': 'without a port',
        'http://localhost': 'must be an IP address or a host name',
        '256.0.0.1': 'must be an IP address or a host name',
        'two words': 'must be an IP address or a host name',
      };
      for (const [host, problem] of Object.entries(wrong)) {
        expect([host, problems({ DATABASE_URL, INTERNAL_TOKENS, [name]: host })]).toEqual([
          host,
          [expect.stringMatching(new RegExp(`^${name} must be .*${problem.replace('must be ', '')}`))],
        ]);
      }
    }
  });

  it('believes a header about addresses only from gateways that are named', () => {
    const header = { FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP' };
    expect(problems({ DATABASE_URL, ...header })).toEqual([
      expect.stringContaining('FORWARD_AUTH_TRUSTED_PEERS must name the gateways'),
    ]);
    expect(problems({ DATABASE_URL, FORWARD_AUTH_TRUSTED_PEERS: '10.0.0.0/8' })).toEqual([
      expect.stringContaining('FORWARD_AUTH_ADDRESS_HEADER must name the header'),
    ]);
    expect(parse({ DATABASE_URL, ...header, FORWARD_AUTH_TRUSTED_PEERS: '10.0.0.0/8' })).toMatchObject({
      forwardAuthAddressHeader: 'x-real-ip',
    });
    for (const name of ['Authorization', 'X-Latchkey-Token', 'X Real', 'X-Real-IP,X-Forwarded-For']) {
      expect(problems({ DATABASE_URL, FORWARD_AUTH_ADDRESS_HEADER: name })).toEqual([
        expect.stringContaining('FORWARD_AUTH_ADDRESS_HEADER must be'),
      ]);
    }
  });

  it('reads every part of DATABASE_URL', () => {
    expect(parse({ DATABASE_URL: 'mysql://us%40er:p%2Fw@[::1]/keys?tls=insecure' }).database).toEqual({
      host: '::1',
      port: 3306,
      socketPath: undefined,
      user: 'us@er',
      password: 'p/w',
      name: 'keys',
      tls: { mode: 'insecure', ca: undefined },
    });
    expect(parse({ DATABASE_URL: 'mysql://u@localhost/keys?socketPath=/run/x.sock' }).database.socketPath).toBe(
      '/run/x.sock',
    );
    expect(problems({ DATABASE_URL: `${DATABASE_URL}?ssl=true` })).toEqual([
      expect.stringContaining('DATABASE_URL takes only'),
    ]);
    expect(problems({ DATABASE_URL: `${DATABASE_URL}?ca=/nowhere.pem` })).toEqual([
      expect.stringContaining('cannot be read'),
    ]);
    expect(
      parse({ DATABASE_URL: `${DATABASE_URL}?ca=test/database/certificates/authority.pem` }).database.tls?.mode,
    ).toBe('verify');
    expect(problems({ DATABASE_URL: `${DATABASE_URL}?tls=required` })).toEqual([
      expect.stringContaining('takes tls=verify, tls=verify-ca'),
    ]);
    expect(problems({ DATABASE_URL: `${DATABASE_URL}?tls=verify-ca` })).toEqual([
      expect.stringContaining('only with ca='),
    ]);
    expect(problems({ DATABASE_URL: 'mysql://u:p@10.0.0.1/keys?tls=verify' })).toEqual([
      expect.stringContaining('only with a host name'),
    ]);
    expect(problems({ DATABASE_URL: 'mysql://u:p@h/%E0%A4%A' })).toEqual([expect.stringContaining('DATABASE_URL')]);
  });

  it('is documented whole in .env.example: every variable, in order, with its comment and its development default', () => {
    const expected = Object.entries(VARIABLES).map(([name, { comment, default: byDefault }]) => {
      const value = byDefault === null || typeof byDefault === 'string' ? byDefault : byDefault.development;
      return `# ${comment}\n${name}=${value ?? ''}\n`;
    });
    expect(readFileSync('.env.example', 'utf8')).toBe(
      `# Copy to .env and change what you need. An empty value means the default.\n\n${expected.join('\n')}`,
    );
  });

  it('takes .env.example as it is, once a database is named', () => {
    const lines = readFileSync('.env.example', 'utf8')
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line));
    const env = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
    expect(problems({ ...env, DATABASE_URL })).toEqual([]);
  });
});

describe('the file of ca= in DATABASE_URL', () => {
  const authority = readFileSync('test/database/certificates/authority.pem', 'utf8');
  const other = readFileSync('test/database/certificates/elsewhere.pem', 'utf8');
  const der = Buffer.from(authority.replaceAll(/-----.*-----|\s/g, ''), 'base64');
  let path: string;

  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'latchkey-ca-')), 'ca file.pem');
  });

  function write(content: string | Buffer): string {
    writeFileSync(path, content);
    return `${DATABASE_URL}?ca=${encodeURIComponent(path)}`;
  }

  it.each([
    ['a byte order mark', `\uFEFF${authority}`, 1],
    ['the line ends of Windows', authority.replaceAll('\n', '\r\n'), 1],
    ['comments and several certificates', `# Ours\n${authority}# Theirs\n${other}`, 2],
    ['a certificate in DER form', der, 1],
  ])('may have %s', (_, content, count) => {
    const { ca = '' } = parse({ DATABASE_URL: write(content) }).database.tls ?? {};
    expect(ca.match(/^-----BEGIN CERTIFICATE-----$/gm)).toHaveLength(count);
    expect(ca.startsWith(authority.slice(authority.indexOf('-----BEGIN')).split('\n', 3).join('\n'))).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['another text', 'hunter2'],
    ['a private key', readFileSync('test/database/certificates/server.key.pem', 'utf8')],
    ['a certificate without its end', authority.slice(0, 400)],
    ['a certificate and another without its end', `${authority}${other.slice(0, 400)}`],
    ['a certificate that was damaged', authority.replace(/[A-Za-z]{20}/, 'A'.repeat(20))],
    ['a certificate in UTF-16', Buffer.from(authority, 'utf16le')],
  ])('must not have %s: it is named, and not shown', (_, content) => {
    const found = problems({ DATABASE_URL: write(content) });
    expect(found).toEqual([`DATABASE_URL has a ca= file that is not a valid certificate: ${path}`]);
  });

  it('must be a file that can be read', () => {
    const named = (file: string) => problems({ DATABASE_URL: `${DATABASE_URL}?ca=${encodeURIComponent(file)}` });
    expect(named(join(path, '..'))).toEqual([expect.stringMatching(/cannot be read \(EISDIR\): \//)]);
    expect(named('/nowhere.pem')).toEqual(['DATABASE_URL has a ca= file that cannot be read (ENOENT): /nowhere.pem']);
  });
});

describe('the pepper of a development machine', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-pepper-'));

  it('is made once, and only its owner may read it', () => {
    const dataDir = join(folder(), 'new');
    const pepper = developmentPepper(dataDir);
    expect(pepper.length).toBeGreaterThanOrEqual(32);
    expect(developmentPepper(dataDir)).toEqual(pepper);
    expect(statSync(join(dataDir, 'pepper')).mode & 0o777).toBe(0o600);
    expect(developmentPepper(folder())).not.toEqual(pepper);
  });

  it('is never read or written through a link', () => {
    const dataDir = folder();
    const elsewhere = join(folder(), 'elsewhere');
    writeFileSync(elsewhere, 'x'.repeat(40));
    symlinkSync(elsewhere, join(dataDir, 'pepper'));
    expect(() => developmentPepper(dataDir)).toThrow();
    expect(readFileSync(elsewhere, 'utf8')).toBe('x'.repeat(40));
  });

  it('is not replaced when its file was damaged', () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'pepper'), '');
    expect(() => developmentPepper(dataDir)).toThrow('is not a pepper');
  });

  it('is the same after an editor has added a byte order mark and line ends to its file', () => {
    const dataDir = folder();
    const pepper = developmentPepper(dataDir);
    writeFileSync(join(dataDir, 'pepper'), `\uFEFF${pepper.toString()}\r\n\n`);
    expect(developmentPepper(dataDir)).toEqual(pepper);
  });

  it.each([
    ['of several lines', `${'p'.repeat(32)}\n${'q'.repeat(32)}`],
    ['in UTF-16', Buffer.from(`\uFEFF${'p'.repeat(44)}`, 'utf16le')],
    ['with NUL bytes, as a power cut leaves them', '\0'.repeat(45)],
  ])('is not taken from a file %s', (_, content) => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'pepper'), content);
    expect(() => developmentPepper(dataDir)).toThrow('is not a pepper');
  });

  it('names DATA_DIR where its file cannot be read or made', () => {
    const dataDir = folder();
    mkdirSync(join(dataDir, 'pepper'));
    expect(() => developmentPepper(dataDir)).toThrow(/^The configuration is wrong:\n {2}- DATA_DIR .*EISDIR/);
    writeFileSync(join(dataDir, 'file'), '');
    expect(() => developmentPepper(join(dataDir, 'file'))).toThrow(
      /^The configuration is wrong:\n {2}- DATA_DIR .*EEXIST/,
    );
    expect(() => developmentPepper(join(dataDir, 'file', 'below'))).toThrow(/- DATA_DIR .*ENOTDIR/);
  });
});
