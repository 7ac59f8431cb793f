import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { RawClient } from '../support/raw-client.js';
import { GATEWAY_ENV, GATEWAY_TOKEN } from './gateway-env.js';

const PREFIX = '/forward-auth/envoy';

/**
 * What Envoy's ext_authz filter sends with the configuration in docs/gateways.md, byte for byte.
 */
describe('the endpoint for Envoy', () => {
  let fixture: Fixture;
  let key: CreatedApiKeyResponse;

  beforeAll(async () => {
    fixture = await startFixture({ env: GATEWAY_ENV });
    key = await fixture.createKey({ scopes: ['invoices.read', 'payments.read'] });
  });
  afterAll(() => fixture.app.close());

  interface Question {
    readonly method?: string;
    /** Its client's path and query. */
    readonly target?: string;
    readonly headers?: readonly string[];
  }

  const scopes = (list: string) => `x-latchkey-scopes: ${list}`;
  /** Lower-case names, the client's host, no body. Of the client's headers only Authorization. */
  const ask = async ({ method = 'GET', target = '/', headers = [scopes('invoices.read')] }: Question = {}) => {
    const raw = await RawClient.connect(Number(new URL(fixture.app.internalUrl).port));
    const lines = [
      `${method} ${PREFIX}${target} HTTP/1.1`,
      'host: api.example.com',
      'content-length: 0',
      `authorization: Bearer ${key.secret}`,
      `x-latchkey-token: ${GATEWAY_TOKEN}`,
      'x-real-ip: 192.0.2.7',
      ...headers,
      'x-envoy-internal: true',
      'x-forwarded-for: 10.0.0.1',
      'x-envoy-expected-rq-timeout-ms: 5000',
      'connection: close',
    ];
    raw.send([...lines, '', ''].join('\r\n'));
    const [answer] = await raw.answersUntilClose();
    if (answer === undefined) {
      throw new Error('no answer came');
    }
    return answer;
  };

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'answers %s, the method of its client, with whose key it is',
    async (method) => {
      const { status, headers, body } = await ask({ method, target: '/invoices/7' });
      expect([status, body]).toEqual([200, '']);
      expect(headers).toMatchObject({
        'x-organization-id': fixture.organizationId,
        'x-api-key-id': key.id,
        'x-api-key-scopes': 'invoices.read payments.read',
        'cache-control': 'no-store',
      });
    },
  );

  it.each([
    '/',
    '/verify',
    '/../verify',
    '//',
    '/health/ready',
    '/invoices?scopes=payments.create',
    '/invoices?scopes=payments.create&scopes=',
    '/invoices?scopes=nonsense',
    '/a%20b/%2e%2e/%zz?%',
    `/${'long/'.repeat(2_000)}`,
  ])('does not look at the path and query of its client: %s', async (target) => {
    expect((await ask({ target })).status).toBe(200);
    const { status, headers } = await ask({ target, headers: [scopes('payments.create')] });
    expect(status).toBe(403);
    expect(headers['www-authenticate']).toContain('error="insufficient_scope", scope="payments.create"');
  });

  it('takes several scopes, and none', async () => {
    expect((await ask({ headers: [scopes('invoices.read,payments.read')] })).status).toBe(200);
    expect((await ask({ headers: [scopes('invoices.read payments.create')] })).status).toBe(403);
    expect((await ask({ headers: [scopes('')] })).status).toBe(200);
  });

  it.each([
    ['no header names the scopes', []],
    ['they are said twice', [scopes('invoices.read'), scopes('')]],
    ['they are none', [scopes('-')]],
  ])('says 400, and nothing about the key, if %s', async (_, headers) => {
    const answer = await ask({ headers });
    expect(answer.status).toBe(400);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.body).toContain('Nothing was decided about your key.');
  });

  it('believes the gateway about the address, and no other header', async () => {
    const restricted = await fixture.createKey({ ip_allow_list: ['192.0.2.7'] });
    const elsewhere = await fixture.createKey({ ip_allow_list: ['10.0.0.1'] });
    const usual = key;
    try {
      key = restricted;
      expect((await ask()).status).toBe(200);
      key = elsewhere;
      expect((await ask()).status).toBe(403);
    } finally {
      key = usual;
    }
  });

  it('responds 500 to a gateway with a wrong token, because Envoy would pass 401 on to its client', async () => {
    const answer = await ask({ headers: [scopes('invoices.read'), 'x-latchkey-token: another'] });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([500, undefined]);
  });
});
