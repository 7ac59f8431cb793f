import { type Fixture, startFixture } from '../support/fixtures.js';
import { RawClient } from '../support/raw-client.js';
import { GATEWAY_ENV, GATEWAY_TOKEN } from './gateway-env.js';

/** What Traefik's forwardAuth sends with the configuration in docs/gateways.md, byte for byte. */
describe('the endpoint for Traefik', () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await startFixture({ env: { ...GATEWAY_ENV, FORWARD_AUTH_ADDRESS_HEADER: 'X-Forwarded-For' } });
  });
  afterAll(() => fixture.app.close());

  /** Always GET without a body. Headers carry the method and target of the client's request. */
  const ask = async (secret: string | null, more: readonly string[] = [], address = '192.0.2.7') => {
    const raw = await RawClient.connect(Number(new URL(fixture.app.internalUrl).port));
    const lines = [
      'GET /forward-auth?scopes=invoices.create HTTP/1.1',
      'Host: 127.0.0.1:3001',
      'User-Agent: curl/8.5.0',
      ...(secret === null ? [] : [`Authorization: Bearer ${secret}`]),
      `X-Forwarded-For: ${address}`,
      'X-Forwarded-Host: api.example.com',
      'X-Forwarded-Method: POST',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Uri: /invoices?scopes=invoices.read',
      `X-Latchkey-Token: ${GATEWAY_TOKEN}`,
      'Accept-Encoding: gzip',
      ...more,
      'Connection: close',
    ];
    raw.send([...lines, '', ''].join('\r\n'));
    const [answer] = await raw.answersUntilClose();
    if (answer === undefined) {
      throw new Error('no answer came');
    }
    return answer;
  };

  it('answers 200 with whose key it is', async () => {
    const key = await fixture.createKey({ scopes: ['invoices.create'] });
    const { status, headers, body } = await ask(key.secret);
    expect([status, body]).toEqual([200, '']);
    expect(headers).toMatchObject({
      'x-organization-id': fixture.organizationId,
      'x-api-key-id': key.id,
      'x-api-key-scopes': 'invoices.create',
    });
  });

  it('answers what Traefik passes on to the client as it is: status, challenge, body', async () => {
    const missing = await ask(null);
    expect([missing.status, missing.headers['www-authenticate']]).toEqual([401, 'Bearer realm="latchkey"']);
    const { secret } = await fixture.createKey({ scopes: ['invoices.read'] });
    const lacking = await ask(secret);
    expect(lacking.status).toBe(403);
    expect(lacking.headers['www-authenticate']).toContain('scope="invoices.create"');
    expect(JSON.parse(lacking.body)).toMatchObject({ status: 403, data: null });
  });

  it('uses the single address in X-Forwarded-For, which Traefik overwrites, and no list', async () => {
    const { secret } = await fixture.createKey({ ip_allow_list: ['192.0.2.7', '2001:db8::/32'] });
    expect((await ask(secret)).status).toBe(200);
    expect((await ask(secret, [], '2001:db8::7')).status).toBe(200);
    expect((await ask(secret, [], '192.0.2.8')).status).toBe(403);
    expect((await ask(secret, [], '192.0.2.7, 10.0.0.1')).status).toBe(403);
    expect((await ask(secret, ['X-Forwarded-For: 192.0.2.7'], '192.0.2.8')).status).toBe(403);
  });

  it("is not disturbed by what comes along of the client's request", async () => {
    const key = await fixture.createKey();
    const along = [
      'Content-Type: application/json',
      'Content-Encoding: br',
      'Cookie: session=1',
      'Expect: 100-continue',
      'Range: bytes=0-1',
      'If-None-Match: *',
      'X-Organization-Id: forged',
      'X-Latchkey-Scopes: invoices.read',
    ];
    const answer = await ask(key.secret, along);
    expect([answer.status, answer.headers['x-organization-id']]).toEqual([200, fixture.organizationId]);
  });

  it('responds 500 to a gateway whose token is wrong or is sent twice, never 401', async () => {
    const answer = await ask(fixture.root.secret, [`X-Latchkey-Token: ${GATEWAY_TOKEN}`]);
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([500, undefined]);
  });
});
