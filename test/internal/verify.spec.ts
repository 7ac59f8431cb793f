import { idToBytes } from '../../src/common/prefixed-id.js';
import { callInternal, INTERNAL_ENV, internalRequestLines, TOKENS, type VerificationOnWire } from './internal-calls.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { eventually } from '../support/eventually.js';
import { expectFailure, expectSuccess } from '../support/expect-answer.js';
import { recordQueries } from '../support/query-log.js';
import { untilChangesRead } from '../support/database-changes.js';

describe('POST /verify', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: INTERNAL_ENV });
  });
  afterAll(() => fixture.app.close());

  const verify = (body: unknown, parts = {}) => callInternal(fixture, '/verify', body, parts);
  const dataOf = async (body: unknown) => expectSuccess(await verify(body), 'Verification completed');
  const requestsOf = async (id: string) => {
    await fixture.app.flushUsage();
    return expectSuccess(await fixture.client.get(id), 'API key found').metrics.total_requests;
  };

  it('returns whose key it is and what it may do; nothing of its secret', async () => {
    const key = await fixture.createKey({
      label: 'Shop 🔑',
      scopes: ['invoices.read', 'products.read'],
      expires_at: '2099-12-31 23:59:59',
    });
    const api_key = {
      id: key.id,
      organization_id: fixture.organizationId,
      label: 'Shop 🔑',
      scopes: ['invoices.read', 'products.read'],
      expires_at: '2099-12-31 23:59:59',
    };
    expect(await dataOf({ secret: key.secret, scopes: ['products.read'] })).toStrictEqual({
      valid: true,
      code: 'VALID',
      api_key,
    });
    expect(
      await dataOf({ secret: key.secret, scopes: ['products.read', 'payments.read', 'users.update'] }),
    ).toStrictEqual({
      valid: false,
      code: 'INSUFFICIENT_SCOPES',
      api_key,
      missing_scopes: ['payments.read', 'users.update'],
    });
  });

  it('takes null for what may be left out', async () => {
    const key = await fixture.createKey();
    expect((await dataOf({ secret: key.secret, scopes: null, client_ip: null })).code).toBe('VALID');
    expect((await dataOf({ secret: key.secret, scopes: [] })).code).toBe('VALID');
  });

  it('verifies the address that the service names, never its own', async () => {
    const key = await fixture.createKey({ ip_allow_list: ['127.0.0.1'] });
    expect((await dataOf({ secret: key.secret })).code).toBe('CLIENT_IP_REQUIRED');
    expect((await dataOf({ secret: key.secret, client_ip: '192.0.2.1' })).code).toBe('IP_NOT_ALLOWED');
    expect((await dataOf({ secret: key.secret, client_ip: '::ffff:127.0.0.1' })).code).toBe('VALID');
  });

  it.each(['', ' ', 'sk_live_', 'x'.repeat(10_000), '🔑'])('finds %j malformed, without a query', async (secret) => {
    await untilChangesRead(fixture.app);
    const statements = await recordQueries(fixture.app, async () => {
      expect(await dataOf({ secret })).toStrictEqual({ valid: false, code: 'MALFORMED', api_key: null });
    });
    expect(statements).toEqual([]);
  });

  it.each([
    [{}, { secret: /must be a string: the secret/ }],
    [{ secret: 7 }, { secret: /must be a string: the secret/ }],
    [{ secret: null }, { secret: /must be a string: the secret/ }],
    [{ secret: 'x', client_ip: 'localhost' }, { client_ip: /IPv4 or IPv6/ }],
    [{ secret: 'x', client_ip: '127.0.0.1:80' }, { client_ip: /without port/ }],
    [{ secret: 'x', client_ip: '' }, { client_ip: /IPv4 or IPv6/ }],
    [{ secret: 'x', client_ip: 2130706433 }, { client_ip: /IPv4 or IPv6/ }],
    [{ secret: 'x', scopes: 'invoices.read' }, { scopes: /array/ }],
    [
      { secret: 'x', scopes: ['invoices.read', 'invoices.fly', 3] },
      { 'scopes.1': /not a scope/, 'scopes.2': /not a scope/ },
    ],
    [{ secret: 'x', scopes: Array(33).fill('invoices.read') }, { scopes: /at most 32/ }],
    [{ secret: 'x', clientIp: '127.0.0.1' }, { clientIp: /not a recognized field/ }],
    [{ secret: 'x', hasOwnProperty: 1 }, { hasOwnProperty: /not a recognized field/ }],
  ])('refuses %j, and says which fields to fix', async (body, fields) => {
    const validator = Object.fromEntries(
      Object.entries(fields).map(([field, pattern]) => [field, expect.stringMatching(pattern) as unknown]),
    );
    expectFailure(await verify(body), 400, { error: /^The request is invalid/, validator });
  });

  it.each([
    ['[]', 400],
    ['"sk_live_"', 400],
    ['null', 400],
    ['{"secret":', 400],
    ['', 400],
    [`{"secret":"${'x'.repeat(16_384)}"}`, 413],
  ])('refuses the body %.20s with %i', async (text, status) => {
    const response = await fetch(`${fixture.app.internalUrl}/verify`, {
      method: 'POST',
      headers: {
        authorization: `Bearer billing-token-0123456789abcdefghijklmnop`,
        'content-type': 'application/json',
      },
      body: text,
    });
    expect([response.status, ((await response.json()) as { status: number }).status]).toEqual([status, status]);
  });

  it('counts each verification of a living key once, whatever the verdict', async () => {
    const key = await fixture.createKey({ scopes: ['invoices.read'], ip_allow_list: ['192.0.2.1'] });
    for (const asked of [{}, { client_ip: '192.0.2.1' }, { scopes: ['users.update'] }, { client_ip: '192.0.2.2' }]) {
      await dataOf({ secret: key.secret, ...asked });
    }
    expect(await requestsOf(key.id)).toBe(4);
    const { secret } = key;
    await callInternal(fixture, '/verify/batch', { requests: [{ secret }, { secret }, { secret: 'x' }] });
    expect(await requestsOf(key.id)).toBe(6);
  });

  it('with Cache-Control: no-cache asks for what is true now', async () => {
    const key = await fixture.createKey();
    await untilChangesRead(fixture.app);
    await dataOf({ secret: key.secret });
    // Changed in the database without a change-log entry, so that no instance reads of it.
    await fixture.app.schema.connection.query('UPDATE api_keys SET disabled_at = UTC_TIMESTAMP() WHERE id = ?', [
      idToBytes('api_key_', key.id),
    ]);
    expect((await dataOf({ secret: key.secret })).code).toBe('VALID');
    const fresh = await verify({ secret: key.secret }, { headers: { 'cache-control': 'max-age=0, no-cache' } });
    expect(fresh.body.data.code).toBe('DISABLED');
  });

  it('takes a batch of a hundred, in order, and refuses one of none, of 101, or with a bad request in it', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => fixture.createKey()));
    const requests = Array.from({ length: 100 }, (_, place) => ({ secret: keys[place % 5]?.secret ?? '' }));
    const batch = (body: unknown) => callInternal<VerificationOnWire[]>(fixture, '/verify/batch', body);
    const data = expectSuccess(await batch({ requests }), 'Verifications completed');
    expect(data.map(({ api_key }) => api_key?.id)).toEqual(requests.map((_, place) => keys[place % 5]?.id));

    const range = /1 to 100/;
    for (const bad of [{ requests: [] }, { requests: [...requests, ...requests] }, { requests: 'x' }, {}]) {
      expectFailure(await batch(bad), 400, { validator: { requests: expect.stringMatching(range) as unknown } });
    }
    const spoilt = [...requests.slice(0, 2), { secret: 1 }, null, { secret: 'x', client_ip: 'y' }];
    expectFailure(await batch({ requests: spoilt }), 400, {
      validator: {
        'requests.2.secret': expect.any(String) as unknown,
        'requests.3': expect.any(String) as unknown,
        'requests.4.client_ip': expect.any(String) as unknown,
      },
    });
  });

  it('responds to a hostile batch with no more than it contained', async () => {
    const nonsense = Object.fromEntries(Array.from({ length: 5_000 }, (_, place) => [`field${place}`, 1]));
    const answer = await callInternal(fixture, '/verify/batch', { requests: [{ secret: 'x', ...nonsense }] });
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.validator ?? {})).toHaveLength(10);
  });

  it.each([
    ['/verify', '{"secret":"x","scopes":["users.update"],"scopes":[]}', ['scopes']],
    ['/verify', '{"secret":"x","sc\\u006fpes":[],"scopes":["users.update"]}', ['scopes']],
    ['/verify', '{"secret":"x","client_ip":"192.0.2.1","client_ip":null}', ['client_ip']],
    ['/verify/batch', '{"requests":[{"secret":"x"},{"secret":"x","scopes":[],"scopes":[]}]}', ['requests.1.scopes']],
    ['/verify/batch', '{"requests":[],"requests":[{"secret":"x"}]}', ['requests']],
  ])('refuses at %s a name that stands twice (%s): the last one could ask for less', async (path, body, paths) => {
    const response = await fetch(`${fixture.app.internalUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.billing}`, 'content-type': 'application/json' },
      body,
    });
    const { status, validator } = (await response.json()) as { status: number; validator: Record<string, string> };
    expect([response.status, status, Object.keys(validator)]).toEqual([400, 400, paths]);
  });

  it.each([
    ['/verify', Object.fromEntries(Array.from({ length: 1_500 }, (_, place) => [`f${place}`, 1])), 10],
    ['/verify', { secret: 'x', scopes: Array(5_000).fill(1) }, 1],
    ['/verify/batch', { requests: Array(20_000).fill(1) }, 1],
    ['/verify/batch', { requests: [{ secret: 'x', scopes: Array(20_000).fill(1) }] }, 1],
  ])('refuses at %s thousands of fields or entries before it looks at them', async (path, body, named) => {
    const answer = await callInternal(fixture, path, body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.validator ?? {})).toHaveLength(named);
  });

  it('is in the log with the name of the client and the verdict, and never with a secret or a token', async () => {
    const key = await fixture.createKey();
    const { body } = await verify({ secret: key.secret });
    await verify({ [key.secret]: key.secret });
    const find = () => internalRequestLines(fixture).find(({ support_id: id }) => id === body.support_id);
    await eventually('it is in the log', () => find() !== undefined);
    const line = find();
    expect(line).toMatchObject({
      level: 'info',
      method: 'POST',
      endpoint: 'verify',
      client: 'billing',
      status: 200,
      verdict: 'VALID',
      key_id: key.id,
      organization_id: fixture.organizationId,
      remote_address: '127.0.0.1',
      aborted: false,
    });
    const log = fixture.app.logs.join('');
    expect(log).not.toContain(key.secret.slice(30));
    expect(log).not.toContain('billing-token');
  });
});
