import { idToBytes } from '../../src/common/prefixed-id.js';
import { INTERNAL_ENV, TOKENS } from '../internal/internal-calls.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { type RawAnswer, RawClient } from '../support/raw-client.js';
import { untilChangesRead } from '../support/database-changes.js';

const KEYS = '/developers/api_keys';
const JSON_TYPE = 'Content-Type: application/json';
const FORM = 'application/x-www-form-urlencoded';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Sends one request byte for byte and reads the response. */
async function ask(baseUrl: string, requestLine: string, lines: readonly string[] = [], body = ''): Promise<RawAnswer> {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const client = await RawClient.connect(Number(new URL(baseUrl).port));
  const host = lines.some((line) => line.startsWith('Host:')) ? [] : ['Host: localhost'];
  const head = [`${requestLine} HTTP/1.1`, ...host, 'Connection: close', ...length, ...lines];
  client.send(`${head.join('\r\n')}\r\n\r\n${Buffer.from(body).toString('latin1')}`);
  const [answer] = await client.answersUntilClose();
  if (answer === undefined) {
    throw new Error('no answer came');
  }
  return answer;
}

describe('a request in another spelling', () => {
  let fixture: Fixture;
  let secret: string;
  beforeAll(async () => {
    fixture = await startFixture({ env: INTERNAL_ENV });
    ({ secret } = fixture.root);
  });
  afterAll(() => fixture.app.close());

  const bearer = () => `Authorization: Bearer ${secret}`;
  const token = `Authorization: Bearer ${TOKENS.billing}`;
  const askPublic = (line: string, lines: readonly string[] = [], body = '') => ask(fixture.app.url, line, lines, body);
  const askInternal = (line: string, lines: readonly string[] = [], body = '') =>
    ask(fixture.app.internalUrl, line, lines, body);
  const verify = (lines: readonly string[], path = '/verify') =>
    askInternal(`POST ${path}`, lines, JSON.stringify({ secret }));
  const sentence = ({ body }: RawAnswer) => (JSON.parse(body) as { readonly error: string }).error;

  describe('of Accept', () => {
    it.each([
      [['Accept: application/json; charset=utf-8']],
      [['Accept: application/json;v="1, 2";q=0.3']],
      [['Accept: text/html', 'Accept: application/json; charset=utf-8']],
      [['Accept: APPLICATION/JSON;odata=verbose']],
    ])('%j allows JSON', async (lines) => {
      expect((await askPublic(`GET ${KEYS}`, [bearer(), ...lines])).status).toBe(200);
    });

    it.each([
      [['Accept: application/json; charset=utf-8; q=0']],
      [['Accept: application/json;q=0', 'Accept: */*']],
      [['Accept: text/html;x="application/json"']],
    ])('%j refuses it', async (lines) => {
      expect((await askPublic(`GET ${KEYS}`, [bearer(), ...lines])).status).toBe(406);
    });

    it('asks the internal listener nothing: gateways pass on what their clients sent', async () => {
      const gateway = [bearer(), `X-Latchkey-Token: ${TOKENS.gateway}`, 'Accept: text/html'];
      expect((await askInternal('GET /forward-auth?scopes=', gateway)).status).toBe(200);
      expect((await verify([token, JSON_TYPE, 'Accept: text/html'])).status).toBe(200);
    });
  });

  describe('of Authorization', () => {
    const SPELLINGS: [string, (scheme: string, credentials: string) => string][] = [
      ['two spaces', (scheme, credentials) => `Authorization: ${scheme}  ${credentials}`],
      ['many spaces', (scheme, credentials) => `authorization:${scheme}${' '.repeat(20)}${credentials}`],
      ['capitals', (scheme, credentials) => `AUTHORIZATION: ${scheme.toUpperCase()} ${credentials}`],
      ['small letters', (scheme, credentials) => `Authorization: ${scheme.toLowerCase()}   ${credentials}`],
      ['white space around', (scheme, credentials) => `Authorization: \t ${scheme} ${credentials} \t `],
    ];

    it.each(SPELLINGS)('(%s) is good for keys, services and gateways alike', async (_, spell) => {
      const gateway = [`X-Latchkey-Token: ${TOKENS.gateway}`];
      expect((await askPublic(`GET ${KEYS}`, [spell('Bearer', secret)])).status).toBe(200);
      expect((await askInternal('GET /forward-auth?scopes=', [...gateway, spell('Bearer', secret)])).status).toBe(200);
      expect((await verify([JSON_TYPE, spell('Bearer', TOKENS.billing)])).status).toBe(200);
      const type = `Content-Type: ${FORM}`;
      const basic = spell('Basic', base64(`billing:${TOKENS.billing}`));
      expect((await askInternal('POST /introspect', [type, basic], `token=${secret}`)).body).toContain('"active":true');
    });

    it.each(['Bearer\t', 'Bearer \t', 'Bearer, ', 'Bearer:'])('(%j) is good for none of them', async (scheme) => {
      const gateway = [`X-Latchkey-Token: ${TOKENS.gateway}`, `Authorization: ${scheme}${secret}`];
      expect((await askPublic(`GET ${KEYS}`, [`Authorization: ${scheme}${secret}`])).status).toBe(401);
      expect((await askInternal('GET /forward-auth?scopes=', gateway)).status).toBe(401);
      expect((await verify([JSON_TYPE, `Authorization: ${scheme}${TOKENS.billing}`])).status).toBe(401);
    });
  });

  describe('of Content-Type', () => {
    it.each([
      'application/json; charset=utf8',
      'application/json;charset="utf8"',
      'application/json; charset=us-ascii',
      'application/json; charset=US-ASCII',
      'application/json; charset="u\\tf-8"',
      'Application/JSON ; Charset=UTF-8 ; x="a;charset=latin1"',
      'application/json;',
      'application/json; ',
      'application/json; charset=utf-8;',
      'application/json;version=1',
    ])('%j is JSON on both listeners', async (type) => {
      const label = JSON.stringify({ label: 'Küche' });
      expect((await askPublic(`POST ${KEYS}`, [bearer(), `Content-Type: ${type}`], label)).status).toBe(200);
      expect((await verify([token, `Content-Type: ${type}`])).status).toBe(200);
    });

    it.each([
      ['application/json; charset=utf-16', /without charset/],
      ['application/json; charset=iso-8859-1', /without charset/],
      ['application/json; charset=""', /without charset/],
      ['application/json; charset=utf-8x', /without charset/],
      ['', /Content-Type: application\/json/],
      ['application/json, application/json', /Content-Type: application\/json/],
      ['application/json+x', /Content-Type: application\/json/],
      ['application /json', /Content-Type: application\/json/],
    ])('%j is 415 on both, with what to send', async (type, says) => {
      const answers = [
        await askPublic(`POST ${KEYS}`, [bearer(), `Content-Type: ${type}`], '{"label":"x"}'),
        await verify([token, `Content-Type: ${type}`]),
      ];
      for (const answer of answers) {
        expect([answer.status, sentence(answer)]).toEqual([415, expect.stringMatching(says)]);
      }
    });

    it.each([
      ['the same', 'application/json'],
      ['another', 'text/plain'],
      ['another charset', 'application/json; charset=utf-8'],
    ])('twice (%s) is 400 on both', async (_, second) => {
      const both = [JSON_TYPE, `Content-Type: ${second}`];
      const answers = [
        await askPublic(`POST ${KEYS}`, [bearer(), ...both], '{"label":"x"}'),
        await verify([token, ...both]),
        await verify([token, ...both.reverse()]),
      ];
      for (const answer of answers) {
        expect([answer.status, sentence(answer)]).toEqual([400, 'Send one Content-Type header, not several.']);
      }
      const form = [token, `Content-Type: ${FORM}`, `Content-Type: ${second}`];
      const introspection = await askInternal('POST /introspect', form, `token=${secret}`);
      expect([introspection.status, introspection.body]).toEqual([400, expect.stringContaining('"invalid_request"')]);
    });

    it.each([`${FORM}; charset=utf-8`, `${FORM};`, FORM.toUpperCase(), `${FORM}; charset=ISO-8859-1; x="y"`])(
      '%j is a form',
      async (type) => {
        const { body } = await askInternal('POST /introspect', [token, `Content-Type: ${type}`], `token=${secret}`);
        expect(body).toContain('"active":true');
      },
    );
  });

  describe('of a form', () => {
    const introspect = (form: string) => askInternal('POST /introspect', [token, `Content-Type: ${FORM}`], form);

    it.each(['client_ip=', 'client_ip', 'client_ip=&client_ip=', 'token_type_hint=', 'scope=&x=', 'token='])(
      'with %s, which has no value, is the form without it',
      async (parameter) => {
        for (const form of [`token=${secret}&${parameter}`, `${parameter}&token=${secret}`]) {
          expect((await introspect(form)).body).toContain('"active":true');
        }
      },
    );

    it.each(['token=', 'token', 'token=&token=', 'client_ip='])('without a token (%s) is 400', async (form) => {
      const { status, body } = await introspect(form);
      expect([status, body]).toEqual([400, expect.stringContaining('must have the field token')]);
    });

    it('whose client_ip has no value does not open a key that is restricted', async () => {
      const key = await fixture.createKey({ ip_allow_list: ['0.0.0.0/0', '::/0'] });
      expect((await introspect(`token=${key.secret}&client_ip=`)).body).toBe('{"active":false}');
      expect((await introspect(`token=${key.secret}&client_ip=192.0.2.1`)).body).toContain('"active":true');
    });
  });

  describe('of its path', () => {
    it.each([
      '/developers/api%5Fkeys',
      '/developers/api%5fkeys',
      '/%64evelopers/%61pi_keys?limit=1',
      '/developers/./api_keys',
      '/x/../developers/api_keys',
      '/x/%2e%2E/developers/%2e/api_keys?limit=1',
      'http://any.host/x/../developers/api%5Fkeys',
    ])('%s is the list of keys: its guard stands there, and the log names its route', async (path) => {
      fixture.app.logs.length = 0;
      expect((await askPublic(`GET ${path}`)).status).toBe(401);
      const { secret: poor } = await fixture.createKey({ scopes: ['invoices.read'] });
      expect((await askPublic(`GET ${path}`, [`Authorization: Bearer ${poor}`])).status).toBe(403);
      expect((await askPublic(`GET ${path}`, [bearer()])).status).toBe(200);
      const lines = fixture.app.logs.map((line) => JSON.parse(line) as Record<string, unknown>);
      const routes = lines.filter(({ msg }) => msg === 'request').map(({ endpoint }) => endpoint);
      expect(routes).toEqual([KEYS, KEYS, KEYS]);
    });

    it('is the same key, and links to the next page by a query alone', async () => {
      const { root } = fixture;
      const spelled = root.id.replaceAll('_', '%5F').replaceAll('-', '%2d');
      expect((await askPublic(`GET ${KEYS}/${spelled}`, [bearer()])).body).toContain(root.id);
      const { headers } = await askPublic('GET /developers/api%5Fkeys?limit=1', [bearer()]);
      expect(headers.link).toMatch(/^<\?limit=1&after=api_key_/);
    });

    it.each([
      '/developers%2Fapi_keys',
      '/developers/api_keys%3Flimit=1',
      '/developers/api%255Fkeys',
      '/developers%5capi_keys',
    ])('%s is another path: what is reserved is not decoded, and nothing is decoded twice', async (path) => {
      expect((await askPublic(`GET ${path}`, [bearer()])).status).toBe(404);
    });

    it.each(['/h%65alth/live', '/x/../health/live', '/docs/../health/./live'])(
      '%s is health, at which no Accept is refused, and which is logged at debug alone',
      async (path) => {
        fixture.app.logs.length = 0;
        expect((await askPublic(`GET ${path}`, ['Accept: text/html'])).status).toBe(200);
        const lines = fixture.app.logs.map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([
          { level: 'debug', endpoint: '/health/live' },
        ]);
      },
    );

    it('does not take the headers of the documents along to what is not one, nor lose them', async () => {
      const api = await askPublic(`GET /docs/../developers/api_keys`, [bearer()]);
      expect([api.status, api.headers['cache-control']]).toEqual([200, 'no-store']);
      const docs = await askPublic('GET /%64ocs/openapi.json', ['Accept: text/html']);
      expect([docs.status, docs.headers['content-security-policy']]).toEqual([200, expect.any(String)]);
    });

    it.each(['/ver%69fy', '/%76%65%72ify', '/./verify', '/x/../verify', '/metrics/%2e./verify'])(
      '%s is /verify, which asks for a token',
      async (path) => {
        expect((await verify([JSON_TYPE], path)).status).toBe(401);
        expect((await verify([token, JSON_TYPE], path)).body).toContain('"code":"VALID"');
      },
    );

    it.each(['/../../health/live', '/%2e%2e/%2e%2e/metrics', '/..//../health/ready', '/x/../../../health/live'])(
      'cannot lead a client of Envoy out of the check of its key: %s',
      async (path) => {
        const gateway = [`X-Latchkey-Token: ${TOKENS.gateway}`, 'X-Latchkey-Scopes: '];
        for (const prefix of ['/forward-auth/envoy', '/forward%2Dauth/%65nvoy']) {
          expect((await askInternal(`GET ${prefix}${path}`, gateway)).status).toBe(401);
          expect((await askInternal(`GET ${prefix}${path}`, [...gateway, bearer()])).status).toBe(200);
        }
      },
    );
  });

  it.each(['invoices.read,payments.read', 'invoices.read\tpayments.read', ' , invoices.read ,\tpayments.read, '])(
    'of the scopes of a gateway (%j) asks for both',
    async (scopes) => {
      const holder = await fixture.createKey({ scopes: ['invoices.read', 'payments.read'] });
      const poor = await fixture.createKey({ scopes: ['invoices.read'] });
      const gateway = [`X-Latchkey-Token: ${TOKENS.gateway}`, `X-Latchkey-Scopes: ${scopes}`];
      const statusOf = async (key: string) =>
        (await askInternal('GET /forward-auth/envoy/x', [...gateway, `Authorization: Bearer ${key}`])).status;
      expect([await statusOf(holder.secret), await statusOf(poor.secret)]).toEqual([200, 403]);
    },
  );

  it.each([
    [['Cache-Control: no-cache']],
    [['Cache-Control: x="a, b", NO-CACHE']],
    [['Cache-Control: max-age=0', 'Cache-Control: no-cache']],
    [['Cache-Control: no-cache="x"']],
  ])('of Cache-Control (%j) asks for the current state', async (lines) => {
    expect(await codeAfterHiddenChange(lines)).toBe('DISABLED');
  });

  it.each([[['Cache-Control: x="a, no-cache, b"']], [['Cache-Control: max-age=60']]])(
    'of Cache-Control (%j) does not',
    async (lines) => {
      expect(await codeAfterHiddenChange(lines)).toBe('VALID');
    },
  );

  /** The code of a cached key that was disabled without an entry in the change log. */
  async function codeAfterHiddenChange(lines: readonly string[]): Promise<string | undefined> {
    const key = await fixture.createKey();
    await untilChangesRead(fixture.app);
    const body = JSON.stringify({ secret: key.secret });
    await askInternal('POST /verify', [token, JSON_TYPE], body);
    await fixture.app.schema.connection.query('UPDATE api_keys SET disabled_at = UTC_TIMESTAMP() WHERE id = ?', [
      idToBytes('api_key_', key.id),
    ]);
    const answer = await askInternal('POST /verify', [token, JSON_TYPE, ...lines], body);
    return /"code":"(\w+)"/.exec(answer.body)?.[1];
  }

  describe('of the address, with a port', () => {
    it.each([
      ['203.0.113.7:4711', '203.0.113.7'],
      ['[2001:db8::1]:4711', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['[::ffff:203.0.113.7]:4711', '203.0.113.7'],
    ])('%s is %s, when a trusted proxy names it', async (hop, address) => {
      const inside = await fixture.createKey({ ip_allow_list: [address] });
      const outside = await fixture.createKey({ ip_allow_list: ['198.51.100.9'] });
      const hops = `X-Forwarded-For: 198.51.100.9, ${hop}`;
      const statusOf = async (key: string) =>
        (await askPublic(`GET ${KEYS}`, [`Authorization: Bearer ${key}`, hops])).status;
      expect([await statusOf(inside.secret), await statusOf(outside.secret)]).toEqual([200, 403]);
    });
  });
});

describe('the internal listener without tokens', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  it.each([
    ['LocalHost', 200],
    ['LOCALHOST:3001', 200],
    ['[::1]:3001', 200],
    ['localhost.example', 421],
    ['LOCALHOST.EXAMPLE:3001', 421],
  ])('answers to %s with %i: names of hosts have no case', async (host, status) => {
    const lines = [`Host: ${host}`, JSON_TYPE];
    expect((await ask(fixture.app.internalUrl, 'POST /verify', lines, '{"secret":"x"}')).status).toBe(status);
  });
});

describe('a proxy that is trusted', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: { TRUST_PROXY: '127.0.0.1, 10.0.0.0/8, 2001:db8::/32' } });
  });
  afterAll(() => fixture.app.close());

  it.each(['10.0.0.1:80', '[2001:db8::5]:443', '10.0.0.1:80, 10.0.0.2'])(
    'is known by its address, also with a port: %s',
    async (proxies) => {
      const { secret } = await fixture.createKey({ ip_allow_list: ['203.0.113.7'] });
      const lines = [`Authorization: Bearer ${secret}`, `X-Forwarded-For: 203.0.113.7:4711, ${proxies}`];
      expect((await ask(fixture.app.url, `GET ${KEYS}`, lines)).status).toBe(200);
    },
  );
});
