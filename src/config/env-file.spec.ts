import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { addToEnvironment, EnvFileError, readEnvFile } from './env-file.mjs';
import { misspeltVariable } from './misspelt-variables.js';
import { VARIABLES } from './variables.js';

const SECRET = 'hunter2';

describe('a file .env', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-env-'));
    path = join(folder, '.env');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function read(content: string | Buffer): Record<string, string> {
    writeFileSync(path, content);
    return Object.fromEntries(readEnvFile(path, '.env').map(({ name, value }) => [name, value]));
  }

  function problems(content: string | Buffer): readonly string[] {
    try {
      read(content);
    } catch (error) {
      if (error instanceof EnvFileError) {
        return error.problems;
      }
      throw error;
    }
    return [];
  }

  it.each([
    ['comments and empty lines', '# A comment, A=1\n\n  \t\nA=1\n', { A: '1' }],
    ['a byte order mark before the first variable', '\uFEFFAPP_ENV=production\n', { APP_ENV: 'production' }],
    ['a byte order mark before a comment', '\uFEFF# Mine\nAPP_ENV=production', { APP_ENV: 'production' }],
    ['the line ends of Windows', 'A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['the line ends of old systems', 'A=1\rB=2\r', { A: '1', B: '2' }],
    ['export, as shells write it', 'export A=1\n', { A: '1' }],
    ['white space around names and values', '  A = a b \nB=\n', { A: 'a b', B: '' }],
    [
      'quotes of each kind',
      `A="a # b"\nB='c # d' # comment\nC=\`"'\`\nD=""\n`,
      { A: 'a # b', B: 'c # d', C: `"'`, D: '' },
    ],
    ['a comment after a value', 'A=1 # one\nB= # none\n', { A: '1', B: '' }],
    ['equals signs and dollars in a value', 'A=a=b$c==\n', { A: 'a=b$c==' }],
    [
      'variables for other programs',
      'MYSQL_PASSWORD=x\ncompose.profile-1=y\n',
      { MYSQL_PASSWORD: 'x', 'compose.profile-1': 'y' },
    ],
    ['nothing', '', {}],
  ])('may have %s', (_, content, expected) => {
    expect(read(content)).toEqual(expected);
  });

  it.each([
    ['a line without a value', `APP_ENV production ${SECRET}`, 'must be NAME=value'],
    ['the form of YAML', `SECRET_PEPPER: ${SECRET}`, 'must be NAME=value'],
    ['a value that goes on in a second line', `${SECRET}+/`, 'must be NAME=value'],
    ['a name that begins with a digit', `1A=${SECRET}`, 'must be NAME=value'],
    ['no name', `=${SECRET}`, 'must be NAME=value'],
    ['a quote that is not closed', `B="${SECRET}`, 'quote that is not closed'],
    ['a single quote that is not closed', `B='${SECRET}`, 'quote that is not closed'],
    ['text after the closing quote', `B="a"${SECRET}`, 'text after the closing quote'],
    ['quotes within quotes of the same kind', `B="a" and "${SECRET}"`, 'text after the closing quote'],
    ['typographic quotes', `B=“${SECRET}”`, 'typographic quotes'],
    ['a # that would cut the value off', `B=mysql://u:${SECRET}#x@h/d`, 'has a # in its value'],
    ['a # that would be the whole value', `B=#${SECRET}`, 'has a # in its value'],
    ['a NUL byte', `B=${SECRET}\0`, 'NUL byte'],
    ['a byte order mark in the middle', `\uFEFFB=1\n\uFEFF!C=${SECRET}`.slice(5), 'must be NAME=value'],
  ])('must not have %s: the line is named, and not shown', (_, line, text) => {
    const found = problems(`A=1\n${line}\nC=2\n`);
    expect(found).toEqual([expect.stringMatching(/^\.env, line 2 /)]);
    expect(found[0]).toContain(text);
    expect(found.join()).not.toContain(SECRET);
  });

  it('means the same as to Node, where Node understands all of it', () => {
    const lines = [
      'A=1',
      'B = a b ',
      'C="a # b\\nc"',
      "D='a\\nb'",
      'E=`"`',
      'F=a=b # c',
      'export G="" # none',
      'H=$A{B}',
    ];
    expect(read(lines.join('\n'))).toEqual(parseEnv(lines.join('\n')));
  });

  it('must not set a variable twice: both lines are named', () => {
    expect(problems(`A=1\nTRUST_PROXY=none\n\nTRUST_PROXY=${SECRET}\nA=1\n`)).toEqual([
      '.env, line 4 sets TRUST_PROXY, which line 2 sets already; remove one',
      '.env, line 5 sets A, which line 1 sets already; remove one',
    ]);
  });

  it('is refused in another encoding than UTF-8', () => {
    const text = 'APP_ENV=production\n';
    const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le');
    expect(problems(utf16)).toEqual(['.env is UTF-16; save it as UTF-8']);
    expect(problems(Buffer.from(utf16).swap16())).toEqual(['.env is UTF-16; save it as UTF-8']);
    expect(problems(Buffer.from(text, 'utf16le'))).toEqual([
      expect.stringContaining('line 1 has a NUL byte'),
      expect.anything(),
    ]);
    expect(problems(Buffer.from('A=ü', 'latin1'))).toEqual(['.env is not UTF-8; save it as UTF-8']);
  });

  it('need not exist, but must be a file', () => {
    expect(readEnvFile(path)).toEqual([]);
    mkdirSync(path);
    expect(() => readEnvFile(path, '.env')).toThrow('.env cannot be read (EISDIR)');
  });

  it('adds to the environment what is not set there, not even to an empty text', () => {
    writeFileSync(path, 'A=file\nB=file\nC=file\n');
    const env: Record<string, string | undefined> = { A: 'environment', B: '' };
    addToEnvironment(readEnvFile(path), env);
    expect(env).toEqual({ A: 'environment', B: '', C: 'file' });
  });
});

describe('a misspelt variable', () => {
  it.each([
    ['TRUST_PROXYS', 'TRUST_PROXY'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['TRUSTPROXY', 'TRUST_PROXY'],
    ['APP_EVN', 'APP_ENV'],
    ['app_env', 'APP_ENV'],
    ['DATABASE_USER', null],
    ['http_proxy', null],
    ['NO_PROXY', null],
    ['DATA_URL', null],
    ['SECRET_PEPER', 'SECRET_PEPPER'],
    ['SECRET_PEPPER_RETIERD', 'SECRET_PEPPER_RETIRED'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['INTERNAL_TOKEN', 'INTERNAL_TOKENS'],
    ['PROT', 'PORT'],
    ['MYSQL_PASSWORD', null],
    ['MYSQL_ROOT_PASSWORD', null],
    ['TEST_DATABASE_URL', null],
    ['NODE_ENV', null],
    ['COMPOSE_PROJECT_NAME', null],
  ])('(%s) is recognized as %s', (name, expected) => {
    expect(misspeltVariable(name)).toBe(expected);
  });

  it('is none of those that exist', () => {
    expect(Object.keys(VARIABLES).map(misspeltVariable)).toEqual(Object.keys(VARIABLES).map(() => null));
  });
});
