import { type Fixture, startFixture } from '../support/fixtures.js';
import { API_KEY_ID, expectSuccess, like, MOMENT } from '../support/expect-answer.js';
import { describeGuards, describeMissing } from './guarded-route.js';

const PAST = '2026-01-01 00:00:00';

describe('reading an API key', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  describeGuards(() => fixture, {
    scope: 'api_keys.read',
    call: (client, { root }) => client.get(root.id),
    callBadly: (client) => client.get('nonsense'),
  });
  describeMissing(
    () => fixture,
    (client, id) => client.get(id),
  );

  it('shows every field of it, its metrics, and its secret masked', async () => {
    const key = await fixture.createKey({
      label: 'Reader 🔑',
      description: 'Two\nlines',
      scopes: ['invoices.read', 'api_keys.read'],
      ip_allow_list: ['127.0.0.1', '2001:db8::/32'],
      expires_at: '2099-12-31 23:59:59',
    });
    const data = expectSuccess(await fixture.client.get(key.id), 'API key found');
    expect(data).toStrictEqual({
      id: key.id,
      organization_id: fixture.organizationId,
      label: 'Reader 🔑',
      description: 'Two\nlines',
      secret: `${key.secret.slice(0, 20)}...${key.secret.slice(-5)}`,
      scopes: ['invoices.read', 'api_keys.read'],
      ip_allow_list: ['127.0.0.1', '2001:db8::/32'],
      expires_at: '2099-12-31 23:59:59',
      created_at: key.created_at,
      updated_at: null,
      metrics: { api_key_id: key.id, total_requests: 0, last_used_at: null },
    });
    expect(data.id).toMatch(API_KEY_ID);
  });

  it('shows its fields in the order of the contract', async () => {
    const data = expectSuccess(await fixture.client.get(fixture.root.id), 'API key found');
    expect(Object.keys(data)).toEqual([
      'id',
      'organization_id',
      'label',
      'description',
      'secret',
      'scopes',
      'ip_allow_list',
      'expires_at',
      'created_at',
      'updated_at',
      'metrics',
    ]);
  });

  it('counts each request of the key once, whether scope and address allow it or not', async () => {
    const key = await fixture.createKey({ scopes: ['api_keys.read'] });
    const own = fixture.clientOf(key);
    await own.get(key.id);
    await own.delete(key.id);
    await fixture.setColumn(key.id, 'ip_allow_list', `'["203.0.113.7"]'`);
    await own.get(key.id);
    await fixture.app.flushUsage();
    const { metrics } = expectSuccess(await fixture.client.get(key.id), 'API key found');
    expect(metrics).toEqual({
      api_key_id: key.id,
      total_requests: 3,
      last_used_at: like(MOMENT),
    });
  });

  it('does not count a request of a dead key', async () => {
    const key = await fixture.createKey();
    await fixture.setColumn(key.id, 'disabled_at', 'UTC_TIMESTAMP()');
    await fixture.clientOf(key).get(key.id);
    await fixture.app.flushUsage();
    const { metrics } = expectSuccess(await fixture.client.get(key.id), 'API key found');
    expect(metrics).toMatchObject({ total_requests: 0, last_used_at: null });
  });

  it.each([
    ['disabled', 'disabled_at', 'UTC_TIMESTAMP()'],
    ['expired', 'expires_at', `'${PAST}'`],
  ])('shows a key that is %s: only a deleted one is gone', async (_, column, sql) => {
    const key = await fixture.createKey();
    await fixture.setColumn(key.id, column, sql);
    expect(expectSuccess(await fixture.client.get(key.id), 'API key found')).toMatchObject({
      id: key.id,
      expires_at: column === 'expires_at' ? PAST : null,
    });
  });
});
