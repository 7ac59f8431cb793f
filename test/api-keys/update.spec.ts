import type { RowDataPacket } from 'mysql2';
import { SCOPES } from '../../src/common/access/scope.js';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { expectFailure, expectSuccess, insufficientScope, like, MOMENT, REALM } from '../support/expect-answer.js';
import { describeFieldRules } from './field-rules.js';
import { describeGuards, describeMissing } from './guarded-route.js';

const UPDATED = 'API key updated';
const FULL = {
  label: 'Before',
  description: 'As it was',
  scopes: ['invoices.read', 'api_keys.read', 'api_keys.update'],
  ip_allow_list: ['127.0.0.1', '2001:db8::/32'],
  expires_at: '2099-01-01 00:00:00',
} as const;

describe('updating an API key', () => {
  let fixture: Fixture;
  /** The one key that the rules of the fields are tried on. */
  let target: string;
  beforeAll(async () => {
    fixture = await startFixture();
    target = (await fixture.createKey()).id;
  });
  afterAll(() => fixture.app.close());

  const createFull = () => fixture.createKey(FULL);
  const entriesOf = async (id: string) => {
    const [rows] = await fixture.app.schema.connection.query<RowDataPacket[]>(
      'SELECT COUNT(*) AS entries FROM key_changes WHERE key_id = ?',
      [idToBytes('api_key_', id)],
    );
    return Number(rows[0]?.entries);
  };

  describeGuards(() => fixture, {
    scope: 'api_keys.update',
    call: async (client, { createKey }) => {
      const { id } = await createKey({ scopes: ['api_keys.update'], ip_allow_list: ['127.0.0.1'] });
      return client.update(id, { label: 'x' });
    },
    callBadly: (client) => client.update('nonsense', { nonsense: true }),
  });
  describeMissing(
    () => fixture,
    (client, id) => client.update(id, { label: 'x' }),
  );
  describeFieldRules(
    () => fixture,
    (client, _, body) => client.update(target, body),
  );

  it('refuses null for scopes: there is no default to return to', async () => {
    const { id } = await fixture.createKey();
    expectFailure(await fixture.client.update(id, { label: 'x', scopes: null }), 400, {
      validator: { scopes: 'must be an array of scopes' },
    });
  });

  it('changes every field that it names, and answers with the key as a get shows it', async () => {
    const key = await fixture.createKey();
    const before = await fixture.timeIn(0);
    const data = expectSuccess(await fixture.client.update(key.id, FULL), UPDATED);
    expect(data).toStrictEqual({
      id: key.id,
      organization_id: fixture.organizationId,
      ...FULL,
      secret: `${key.secret.slice(0, 20)}...${key.secret.slice(-5)}`,
      created_at: key.created_at,
      updated_at: like(MOMENT),
      metrics: { api_key_id: key.id, total_requests: 0, last_used_at: null },
    });
    expect((data.updated_at ?? '') >= before).toBe(true);
    expect((await fixture.client.get(key.id)).body.data).toEqual(data);
  });

  it('leaves what it does not name as it is', async () => {
    const { id } = await createFull();
    const data = expectSuccess(await fixture.client.update(id, { label: 'After' }), UPDATED);
    expect(data).toMatchObject({ ...FULL, label: 'After' });
  });

  it.each([
    ['description', null, null],
    ['ip_allow_list', null, []],
    ['ip_allow_list', [], []],
    ['expires_at', null, null],
  ])('clears %s by %j', async (field, value, cleared) => {
    const { id } = await createFull();
    const data = expectSuccess(await fixture.client.update(id, { label: 'Before', [field]: value }), UPDATED);
    expect(data).toMatchObject({ ...FULL, [field]: cleared });
  });

  it('sets updated_at again each time, and only by an update', async () => {
    const { id } = await createFull();
    expect((await fixture.client.get(id)).body.data.updated_at).toBeNull();
    await fixture.client.update(id, { label: 'Once' });
    await fixture.setColumn(id, 'updated_at', "'2026-01-01 00:00:00'");
    const { updated_at: again } = expectSuccess(await fixture.client.update(id, { label: 'Once' }), UPDATED);
    expect((again ?? '') > '2026-01-01 00:00:00').toBe(true);
  });

  it('never changes the secret, the id, the organization or the moment of creation', async () => {
    const key = await createFull();
    await fixture.client.update(key.id, { label: 'After' });
    const { id, organization_id, created_at } = key;
    expect((await fixture.clientOf(key).get(id)).body.data).toMatchObject({ id, organization_id, created_at });
  });

  it('brings an expired key back to life by a key that may', async () => {
    const key = await fixture.createKey();
    await fixture.setColumn(key.id, 'expires_at', "'2026-01-01 00:00:00'");
    expect((await fixture.clientOf(key).get(key.id)).status).toBe(401);
    await fixture.client.update(key.id, { label: 'Before', expires_at: FULL.expires_at });
    expect((await fixture.clientOf(key).get(key.id)).status).toBe(200);
  });

  it('lets the label of an expired key be changed, and leaves it expired', async () => {
    const key = await fixture.createKey();
    await fixture.setColumn(key.id, 'expires_at', "'2026-01-01 00:00:00'");
    const data = expectSuccess(await fixture.client.update(key.id, { label: 'After' }), UPDATED);
    expect(data).toMatchObject({ label: 'After', expires_at: '2026-01-01 00:00:00' });
  });

  it('writes a change-log entry for what can alter a verdict, and not a new label', async () => {
    const { id } = await createFull();
    await fixture.client.update(id, { label: 'After', description: 'After' });
    expect(await entriesOf(id)).toBe(1);
    await fixture.client.update(id, { label: 'After', scopes: ['invoices.read'] });
    await fixture.client.update(id, { label: 'After', ip_allow_list: null });
    await fixture.client.update(id, { label: 'After', expires_at: null });
    expect(await entriesOf(id)).toBe(4);
  });

  describe('narrowing works at once', () => {
    it('on scopes', async () => {
      const key = await createFull();
      expect((await fixture.clientOf(key).list()).status).toBe(200);
      await fixture.client.update(key.id, { label: 'x', scopes: ['invoices.read'] });
      expectFailure(await fixture.clientOf(key).list(), 403, { challenge: insufficientScope('api_keys.read') });
    });

    it('on addresses', async () => {
      const key = await createFull();
      await fixture.client.update(key.id, { label: 'x', ip_allow_list: ['203.0.113.7'] });
      expectFailure(await fixture.clientOf(key).list(), 403, { challenge: REALM });
    });

    it('by a key on itself, which cannot take it back', async () => {
      const key = await createFull();
      const own = fixture.clientOf(key);
      expectSuccess(await own.update(key.id, { label: 'x', scopes: ['api_keys.update'] }), UPDATED);
      expectFailure(await own.update(key.id, { label: 'x', scopes: [...FULL.scopes] }), 403, {
        error: 'The changed key would be stronger than yours: scopes beyond yours: invoices.read, api_keys.read.',
        validator: { scopes: 'scopes beyond yours: invoices.read, api_keys.read' },
        challenge: REALM,
      });
    });
  });

  describe('by a key with limits', () => {
    it.each([
      [
        'a scope that it lacks',
        { scopes: ['api_keys.update', 'users.update'] },
        { scopes: 'scopes beyond yours: users.update' },
      ],
      [
        'a network beyond its own',
        { ip_allow_list: ['127.0.0.0/31'] },
        { ip_allow_list: 'addresses beyond yours: 127.0.0.0/31' },
      ],
      [
        'null for any address',
        { ip_allow_list: null },
        { ip_allow_list: 'any address, while yours is bound to an ip_allow_list' },
      ],
      [
        'an empty list for any address',
        { ip_allow_list: [] },
        { ip_allow_list: 'any address, while yours is bound to an ip_allow_list' },
      ],
      ['null for no end', { expires_at: null }, { expires_at: 'an expiry later than yours' }],
      [
        'an expiry one second later than its own',
        { expires_at: '2099-01-01 00:00:01' },
        { expires_at: 'an expiry later than yours' },
      ],
    ])('refuses to give itself, or an equal, %s', async (_, excess, named) => {
      const [key, equal] = await Promise.all([createFull(), createFull()]);
      for (const { id } of [key, equal]) {
        expectFailure(await fixture.clientOf(key).update(id, { label: 'x', ...excess }), 403, {
          error: `The changed key would be stronger than yours: ${Object.values(named).join('; ')}.`,
          validator: named,
          challenge: REALM,
        });
        expect((await fixture.client.get(id)).body.data).toMatchObject({ ...FULL, updated_at: null });
      }
    });

    it.each([
      [
        'a scope',
        { scopes: [...SCOPES] },
        /^You cannot change a key that is stronger than yours: scopes beyond yours: /,
      ],
      ['an address', { ip_allow_list: ['10.0.0.1'] }, /addresses beyond yours: 10\.0\.0\.1\.$/],
      ['any address', { ip_allow_list: [] }, /any address, while yours is bound to an ip_allow_list\.$/],
      ['a longer life', { expires_at: '2099-01-01 00:00:01' }, /an expiry later than yours\.$/],
      ['no end', { expires_at: null }, /an expiry later than yours\.$/],
    ])('refuses even a new label, or a narrowing, for a key that has %s beyond it', async (_, beyond, error) => {
      const [weak, strong] = await Promise.all([createFull(), createFull()]);
      await fixture.client.update(strong.id, { label: 'Before', ...beyond });
      const own = fixture.clientOf(weak);
      for (const body of [{ label: 'Mine' }, { ...FULL, label: 'Mine' }]) {
        expectFailure(await own.update(strong.id, body), 403, {
          error,
          validator: expect.any(Object),
          challenge: REALM,
        });
      }
      expect((await fixture.client.get(strong.id)).body.data).toMatchObject({ ...FULL, ...beyond, label: 'Before' });
    });

    it('grants what lies within its own', async () => {
      const [key, equal] = await Promise.all([createFull(), createFull()]);
      const within = {
        label: 'After',
        scopes: ['invoices.read'],
        ip_allow_list: ['2001:db8:1::/48'],
        expires_at: '2098-12-31 23:59:59',
      };
      expect(expectSuccess(await fixture.clientOf(key).update(equal.id, within), UPDATED)).toMatchObject(within);
    });
  });

  it('leaves one of the states that were asked for, whole, when several change a key at once', async () => {
    const { id } = await createFull();
    const bodies = SCOPES.slice(0, 8).map((scope) => ({ label: scope, description: scope, scopes: [scope] }));
    const answers = await Promise.all(bodies.map((body) => fixture.client.update(id, body)));
    expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200));
    const { label, description, scopes } = (await fixture.client.get(id)).body.data;
    expect(bodies).toContainEqual({ label, description, scopes });
  });
});
