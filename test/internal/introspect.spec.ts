import { once } from 'node:events';
import { connect } from 'node:net';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { INTERNAL_ENV, INTERNAL_TOKENS, internalRequestLines, TOKENS } from './internal-calls.js';
import type { MadeKey } from '../support/api-client.js';
import { type Fixture, seedKeys, startFixture } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { untilChangesRead } from '../support/database-changes.js';
import { expectSuccess } from '../support/expect-answer.js';
import { eventually } from '../support/eventually.js';
import { forge } from '../support/secrets.js';

/** What base64 makes of random bytes has characters that form-encoding changes. */
const ODD_TOKEN = 'Jx+9/Qk+nM0123456789abcdefghijklmnopqrst+/A==';
const ODD_NAME = 'ledger-2.eu_west';
const CHALLENGES = 'Bearer realm="latchkey-internal", Basic realm="latchkey-internal"';
const FORM = 'application/x-www-form-urlencoded';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const seconds = (moment: string) => Date.parse(`${moment.replace(' ', 'T')}Z`) / 1_000;

/** panva's openid-client, as a resource server would set it up. */
function openidClient(internalUrl: string, name: string, token: string): openid.Configuration {
  const server = { issuer: internalUrl, introspection_endpoint: `${internalUrl}/introspect` };
  const config = new openid.Configuration(server, name, undefined, openid.ClientSecretBasic(token));
  // It insists on TLS otherwise, and calls that deprecated so that it stands out.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  openid.allowInsecureRequests(config);
  return config;
}

/** oauth4webapi one level lower, so that the response can be read before it is interpreted. */
async function ask(
  internalUrl: string,
  authentication: oauth.ClientAuth,
  token: string,
  parameters: Record<string, string> = {},
): Promise<Response> {
  const server = { issuer: internalUrl, introspection_endpoint: `${internalUrl}/introspect` };
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- likewise
  const options = { additionalParameters: parameters, [oauth.allowInsecureRequests]: true };
  return oauth.introspectionRequest(server, { client_id: 'billing' }, authentication, token, options);
}

function understand(internalUrl: string, response: Response): Promise<oauth.IntrospectionResponse> {
  return oauth.processIntrospectionResponse({ issuer: internalUrl }, { client_id: 'billing' }, response);
}

const asBearer =
  (token: string): oauth.ClientAuth =>
  (_server, _client, _body, headers) => {
    headers.set('authorization', `Bearer ${token}`);
  };

describe('POST /introspect', () => {
  let fixture: Fixture;
  let billing: openid.Configuration;
  beforeAll(async () => {
    fixture = await startFixture({
      env: { ...INTERNAL_ENV, INTERNAL_TOKENS: `${INTERNAL_TOKENS},${ODD_NAME}:${ODD_TOKEN}` },
    });
    billing = openidClient(fixture.app.internalUrl, 'billing', TOKENS.billing);
  });
  afterAll(() => fixture.app.close());

  const introspect = (token: string, parameters?: Record<string, string>) =>
    openid.tokenIntrospection(billing, token, parameters);
  /** For requests that no library would send. */
  const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}, query = '') =>
    fetch(`${fixture.app.internalUrl}/introspect${query}`, {
      method: 'POST',
      headers: { ...bearer(TOKENS.billing), 'content-type': FORM, ...headers },
      body,
      duplex: 'half',
    });
  const expectError = async (response: Response, status: number, error: string) => {
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/json; charset=utf-8',
    ]);
    expect(await response.json()).toStrictEqual({
      error,
      // The characters that RFC 6749, section 5.2, allows.
      error_description: expect.stringMatching(/^[ !#-[\]-~]+$/) as unknown,
    });
  };

  describe('of a key that is alive', () => {
    it('names its organization, its scopes and its end', async () => {
      const key = await fixture.createKey({
        label: 'Shop 🔑',
        scopes: ['invoices.read', 'products.read'],
        expires_at: '2099-12-31 23:59:59',
      });
      expect(await introspect(key.secret)).toStrictEqual({
        active: true,
        client_id: key.id,
        sub: fixture.organizationId,
        scope: 'invoices.read products.read',
        exp: seconds('2099-12-31 23:59:59'),
        iat: seconds(key.created_at),
        token_type: 'Bearer',
        api_key_id: key.id,
        organization_id: fixture.organizationId,
        label: 'Shop 🔑',
      });
    });

    it('leaves the end out if there is none', async () => {
      const key = await fixture.createKey();
      const answer = await introspect(key.secret);
      expect([answer.active, 'exp' in answer]).toEqual([true, false]);
    });

    it('does not mind the hint of RFC 7662, or parameters that it does not know', async () => {
      const { secret } = await fixture.createKey();
      const answer = await introspect(secret, { token_type_hint: 'refresh_token', resource: 'https://example.com/' });
      expect(answer.active).toBe(true);
    });

    it('may not be stored by any cache', async () => {
      const { secret } = await fixture.createKey();
      const response = await ask(fixture.app.internalUrl, oauth.ClientSecretBasic(TOKENS.billing), secret);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect((await understand(fixture.app.internalUrl, response)).active).toBe(true);
    });

    it('counts once in its metrics', async () => {
      const key = await fixture.createKey();
      await introspect(key.secret);
      await fixture.app.flushUsage();
      expect(expectSuccess(await fixture.client.get(key.id), 'API key found').metrics.total_requests).toBe(1);
    });
  });

  describe('of anything else is {"active":false} and nothing more:', () => {
    const make: Record<string, () => Promise<string>> = {
      'a deleted key': async () => {
        const key = await fixture.createKey();
        await fixture.client.delete(key.id);
        return key.secret;
      },
      'an expired key': async () => {
        const key = await fixture.createKey();
        await fixture.setColumn(key.id, 'expires_at', 'UTC_TIMESTAMP() - INTERVAL 1 SECOND');
        return key.secret;
      },
      'a disabled key': async () => {
        const key = await fixture.createKey();
        await fixture.setColumn(key.id, 'disabled_at', 'UTC_TIMESTAMP()');
        return key.secret;
      },
      'a key of an organization that was stopped': async () => {
        const organizationId = await fixture.app.createOrganization('Stopped');
        const key = await fixture.app.createKey(organizationId);
        await fixture.app.app.get(OrganizationsService).deactivate(organizationId);
        await untilChangesRead(fixture.app);
        return key.secret;
      },
      'a secret with the id of a key, and nothing else of it': async () => forge((await fixture.createKey()).secret),
      'a secret that was never issued': async () => {
        const key = await fixture.createForeignKey();
        return forge(key.secret).replace(/.{6}$/, '000000');
      },
      'a secret with a space behind it': async () => `${(await fixture.createKey()).secret} `,
      'a word': () => Promise.resolve('token'),
      'what is no text': () => Promise.resolve('\0ÿ🔑'),
      "a caller's own token": () => Promise.resolve(TOKENS.billing),
    };

    it.each(Object.entries(make))('%s', async (_, makeToken) => {
      const token = await makeToken();
      const response = await post(new URLSearchParams({ token }));
      expect([response.status, await response.text()]).toEqual([200, '{"active":false}']);
      expect(await introspect(token)).toStrictEqual({ active: false });
    });
  });

  describe('verifies the address that the service names, never its own:', () => {
    let secret: string;
    beforeAll(async () => {
      ({ secret } = await fixture.createKey({ ip_allow_list: ['192.0.2.7', '127.0.0.1', '2001:db8::/32'] }));
    });

    it.each([
      ['none', {}, false],
      ['one that is allowed', { client_ip: '192.0.2.7' }, true],
      ['the same in IPv6', { client_ip: '::ffff:192.0.2.7' }, true],
      ['one in a network that is allowed', { client_ip: '2001:db8::9' }, true],
      ['another', { client_ip: '192.0.2.8' }, false],
    ])('%s', async (_, parameters, active) => {
      expect((await introspect(secret, parameters)).active).toBe(active);
    });

    it.each(['localhost', '192.0.2.7:443', ' ', '192.0.2.7, 10.0.0.1', 'fe80::1%eth0'])(
      'refuses %j, which is none, with 400',
      async (address) => {
        await expect(introspect(secret, { client_ip: address })).rejects.toMatchObject({
          name: 'ResponseBodyError',
          status: 400,
          error: 'invalid_request',
          error_description: expect.stringContaining('client_ip') as unknown,
        });
      },
    );

    it('takes neither address nor token from the query: that is what access logs keep', async () => {
      const allowed = await post(new URLSearchParams({ token: secret }), {}, '?client_ip=192.0.2.7');
      expect(await allowed.text()).toBe('{"active":false}');
      const { secret: open } = await fixture.createKey();
      const stranger = await post(new URLSearchParams({ token: 'x' }), {}, `?token=${open}`);
      expect(await stranger.text()).toBe('{"active":false}');
      await expectError(await post(new URLSearchParams({ a: 'b' }), {}, `?token=${open}`), 400, 'invalid_request');
    });
  });

  describe('asks who calls:', () => {
    it.each([
      ['Basic with the first of its tokens', oauth.ClientSecretBasic(TOKENS.billing)],
      ['Basic with the second', oauth.ClientSecretBasic(TOKENS.billingNext)],
      ['Bearer', asBearer(TOKENS.billing)],
      ['Bearer with a token of odd characters', asBearer(ODD_TOKEN)],
    ])('%s', async (_, authentication) => {
      const response = await ask(fixture.app.internalUrl, authentication, fixture.root.secret);
      expect((await understand(fixture.app.internalUrl, response)).active).toBe(true);
    });

    it('Basic with name and token form-encoded, as RFC 6749 has it', async () => {
      const config = openidClient(fixture.app.internalUrl, ODD_NAME, ODD_TOKEN);
      expect((await openid.tokenIntrospection(config, fixture.root.secret)).active).toBe(true);
    });

    it('Basic with both as they are, as Spring Security and curl have it', async () => {
      const response = await post(
        new URLSearchParams({ token: fixture.root.secret }),
        basic(`${ODD_NAME}:${ODD_TOKEN}`),
      );
      expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ active: true })]);
    });

    it.each<[string, Record<string, string>]>([
      ['another token', bearer('x'.repeat(40))],
      ['the name as a token', bearer('billing')],
      ['another token in Basic', basic(`billing:${'x'.repeat(40)}`)],
      ["another's token", basic(`billing:${TOKENS.gateway}`)],
      ['no name', basic(`:${TOKENS.billing}`)],
      ['no token', basic('billing:')],
      ['the token as a name', basic(TOKENS.billing)],
      ['the name in capitals', basic(`BILLING:${TOKENS.billing}`)],
      ['the token, and more', basic(`billing:${TOKENS.billing}:x`)],
      ['the token, encoded twice', basic(`billing:${encodeURIComponent(encodeURIComponent('%'))}${TOKENS.billing}`)],
      ['the header of a gateway', { authorization: '', 'x-latchkey-token': TOKENS.billing }],
      ['another scheme', { authorization: `Token ${TOKENS.billing}` }],
      ['Basic that is not base64', { authorization: `Basic billing:${TOKENS.billing}` }],
    ])('%s is 401 invalid_client with both challenges', async (_, headers) => {
      const response = await post(new URLSearchParams({ token: fixture.root.secret }), headers);
      expect(response.headers.get('www-authenticate')).toBe(CHALLENGES);
      await expectError(response, 401, 'invalid_client');
    });

    it.each([
      ['nothing', oauth.None()],
      ['name and token in the form', oauth.ClientSecretPost(TOKENS.billing)],
    ])('%s is 401, and a client understands the challenges', async (_, authentication) => {
      const response = await ask(fixture.app.internalUrl, authentication, fixture.root.secret);
      const refusal = expect(understand(fixture.app.internalUrl, response)).rejects;
      await refusal.toMatchObject({
        status: 401,
        cause: [
          { scheme: 'bearer', parameters: { realm: 'latchkey-internal' } },
          { scheme: 'basic', parameters: { realm: 'latchkey-internal' } },
        ],
      });
    });

    it('two headers are none', async () => {
      const socket = connect(Number(new URL(fixture.app.internalUrl).port), '127.0.0.1');
      const header = `Authorization: Bearer ${TOKENS.billing}\r\n`;
      let answer = '';
      socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
      socket.write(
        `POST /introspect HTTP/1.1\r\nHost: x\r\n${header}${header}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*"error":"invalid_client"/);
    });
  });

  describe('refuses what is no request of RFC 7662:', () => {
    const form = (text: string) => post(text);

    it.each([
      ['no token', ''],
      ['no token, but another field', 'tokens=x'],
      ['thousands of fields', `token=x${'&a=1'.repeat(3_000)}`],
      ['the token twice', 'token=x&token=x'],
      ['the address twice', 'token=x&client_ip=192.0.2.7&client_ip=192.0.2.7'],
    ])('%s, with 400', async (_, text) => {
      await expectError(await form(text), 400, 'invalid_request');
    });

    it.each([
      ['JSON', { 'content-type': 'application/json' }],
      ['another kind of form', { 'content-type': 'multipart/form-data; boundary=x' }],
      ['plain text', { 'content-type': 'text/plain;charset=UTF-8' }],
      ['what says nothing of itself', { 'content-type': '' }],
      ['what is compressed', { 'content-encoding': 'gzip' }],
    ])('%s, with 415', async (_, headers) => {
      const body = JSON.stringify({ token: fixture.root.secret });
      await expectError(await post(body, headers), 415, 'invalid_request');
    });

    it('takes a form that names its characters', async () => {
      const response = await post(`token=${fixture.root.secret}`, { 'content-type': `${FORM}; charset=UTF-8` });
      expect(await response.json()).toMatchObject({ active: true });
    });

    it.each([
      ['announced', () => `token=${'x'.repeat(16_384)}`],
      ['in chunks', () => new Blob([`token=${'x'.repeat(40_000)}`]).stream()],
    ])('more than 16 KB, %s, with 413', async (_, body) => {
      await expectError(await post(body()), 413, 'invalid_request');
    });

    it('takes 16 KB', async () => {
      const response = await post(`token=${'x'.repeat(16_384 - 6)}`);
      expect(await response.text()).toBe('{"active":false}');
    });

    it.each(['GET', 'PUT', 'DELETE'])('%s, with 405', async (method) => {
      const response = await fetch(`${fixture.app.internalUrl}/introspect?token=${fixture.root.secret}`, {
        method,
        headers: bearer(TOKENS.billing),
      });
      expect(response.headers.get('allow')).toBe('POST');
      await expectError(response, 405, 'invalid_request');
    });
  });

  it('is in the log with the name of the client and the verdict, and never with a secret or a token', async () => {
    const key = await fixture.createKey();
    const before = internalRequestLines(fixture).length;
    await introspect(key.secret);
    await post(`token=${key.secret}&token=${key.secret}`, basic(`${ODD_NAME}:${ODD_TOKEN}`), `?token=${key.secret}`);
    await post(`token=${key.secret}`, basic(`billing:${TOKENS.billing}x`));
    await eventually('the requests are in the log', () => internalRequestLines(fixture).length === before + 3);
    expect(internalRequestLines(fixture).slice(before)).toMatchObject([
      {
        endpoint: 'introspect',
        client: 'billing',
        status: 200,
        verdict: 'VALID',
        key_id: key.id,
        organization_id: fixture.organizationId,
      },
      { endpoint: 'introspect', client: ODD_NAME, status: 400, error_code: 'INVALID_REQUEST' },
      { endpoint: 'introspect', client: null, status: 401, error_code: 'CLIENT_UNKNOWN' },
    ]);
    const log = fixture.app.logs.join('');
    const tokens = [...Object.values(TOKENS), ODD_TOKEN];
    const forms = tokens.flatMap((token) => [token.slice(0, 20), encodeURIComponent(token).slice(0, 20)]);
    const inBasic = [`billing:${TOKENS.billing}`, `${ODD_NAME}:${ODD_TOKEN}`].map((text) => basic(text).authorization);
    const untold = [key.secret.slice(30), ...forms, ...inBasic.map((text) => text.slice(20, 40))];
    expect(untold.filter((part) => log.includes(part))).toEqual([]);
  });
});

describe('POST /introspect without the database', () => {
  let running: TestApp;
  let keys: MadeKey[];
  beforeAll(async () => {
    running = await TestApp.start({ isProxied: true, tokens: INTERNAL_TOKENS, env: { OUTAGE_GRACE_MS: '0' } });
    keys = await seedKeys(running, 2);
  });
  afterAll(() => running.close());

  it('is 503 temporarily_unavailable with Retry-After for keys that are not cached, never {"active":false}', async () => {
    const { internalUrl, proxy } = running;
    const [known = { secret: '' }, unknown = { secret: '' }] = keys;
    const authentication = oauth.ClientSecretBasic(TOKENS.billing);
    const introspect = async ({ secret }: { readonly secret: string }) => ask(internalUrl, authentication, secret);
    expect((await understand(internalUrl, await introspect(known))).active).toBe(true);

    for (const mode of ['closed', 'mute'] as const) {
      proxy.set(mode);
      const stranger = { secret: forge(unknown.secret) };
      await eventually('what is known is too old', async () => (await introspect(known)).status === 503);
      for (const key of [known, unknown, stranger]) {
        const response = await introspect(key);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expect(response.headers.get('www-authenticate')).toBeNull();
        expect([response.status, await response.clone().json()]).toEqual([
          503,
          { error: 'temporarily_unavailable', error_description: expect.any(String) as unknown },
        ]);
        await expect(understand(internalUrl, response)).rejects.toMatchObject({ name: 'OperationProcessingError' });
      }
      // A malformed secret is inactive with or without a database.
      expect(await understand(internalUrl, await introspect({ secret: 'nonsense' }))).toStrictEqual({ active: false });
      proxy.set('open');
      await eventually('it is back', async () => (await introspect(unknown)).status === 200);
      expect((await understand(internalUrl, await introspect(unknown))).active).toBe(true);
    }
  });
});
