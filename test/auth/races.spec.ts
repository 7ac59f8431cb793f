import { SCOPES, type Scope } from '../../src/common/access/scope.js';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { type Answer, KeysClient } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import type { KeyRequest } from '../support/test-app.js';
import { whileHeld } from '../support/blocked.js';
import {
  expectFailure,
  expectSuccess,
  insufficientScope,
  invalidToken,
  REALM,
  type ExpectedFailure,
} from '../support/expect-answer.js';

const ABLE = {
  scopes: ['invoices.read', 'api_keys.create', 'api_keys.read', 'api_keys.update', 'api_keys.delete'],
  ip_allow_list: ['127.0.0.0/8'],
  expires_at: '2099-01-01 00:00:00',
} as const;

/** What each route does to the target, and the scope that it needs. */
const CHANGES: readonly (readonly [Scope, (own: KeysClient, targetId: string) => Promise<Answer>])[] = [
  ['api_keys.create', (own) => own.create({ label: 'x' })],
  ['api_keys.update', (own, targetId) => own.update(targetId, { label: 'x', scopes: ['invoices.read'] })],
  ['api_keys.delete', (own, targetId) => own.delete(targetId)],
];

const dead = (error: string): readonly [number, ExpectedFailure] => [401, { error, challenge: invalidToken(error) }];

describe('between the guards and the change', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  /** An actor and a target in a new organization. */
  async function arrange(request: KeyRequest = ABLE) {
    const organizationId = await fixture.app.createOrganization();
    const [actor, target] = await Promise.all([
      fixture.app.createKey(organizationId, request),
      fixture.app.createKey(organizationId, request),
    ]);
    /** All that a change by the actor would leave behind. */
    const traces = async () => {
      const [rows] = await fixture.app.schema.connection.query(
        `SELECT (SELECT COUNT(*) FROM key_changes WHERE organization_id = o.id) AS entries, k.* FROM organizations o
           LEFT JOIN api_keys k ON k.organization_id = o.id AND k.id <> ? WHERE o.id = ?`,
        [idToBytes('api_key_', actor.id), idToBytes('org_', organizationId)],
      );
      const [secrets] = await fixture.app.schema.connection.query('SELECT COUNT(*) AS secrets FROM api_key_secrets');
      return { rows, secrets };
    };
    return { actor, target, own: fixture.clientOf(actor), traces };
  }

  /**
   * Lets `act` pass the guards and wait for the key's row, changes that row or another one, and
   * then releases it.
   */
  function interrupted<T>({ id }: { readonly id: string }, sql: string, act: () => Promise<T>): Promise<T> {
    const key = idToBytes('api_key_', id);
    return whileHeld(
      fixture.app,
      {
        lock: (query) => query('SELECT id FROM api_keys WHERE id = ? FOR UPDATE', [key]),
        meanwhile: (query) => query(sql, [key]),
      },
      act,
    );
  }

  describe.each(CHANGES)('a key with %s can do nothing any more', (scope, change) => {
    it.each<[string, string, readonly [number, ExpectedFailure]]>([
      ['deleted', 'SET deleted_at = UTC_TIMESTAMP()', dead('This API key has been deleted.')],
      ['disabled', 'SET disabled_at = UTC_TIMESTAMP()', dead('This API key is disabled.')],
      ['expired', 'SET expires_at = UTC_TIMESTAMP()', dead('This API key has expired.')],
      ['without the scope', `SET scopes = '["invoices.read"]'`, [403, { challenge: insufficientScope(scope) }]],
      ['bound to another address', `SET ip_allow_list = '["203.0.113.7"]'`, [403, { challenge: REALM }]],
    ])('once it is %s', async (_, set, [status, expected]) => {
      const { actor, target, own, traces } = await arrange();
      const before = await traces();
      const answer = await interrupted(actor, `UPDATE api_keys ${set} WHERE id = ?`, () => change(own, target.id));
      expectFailure(answer, status, expected);
      expect(await traces()).toEqual(before);
    });

    it('once its organization is deactivated', async () => {
      const { actor, target, own, traces } = await arrange();
      const before = await traces();
      const answer = await interrupted(
        actor,
        `UPDATE organizations SET deactivated_at = UTC_TIMESTAMP()
          WHERE id = (SELECT organization_id FROM api_keys WHERE id = ?)`,
        () => change(own, target.id),
      );
      expectFailure(answer, ...dead('The organization of this API key is deactivated.'));
      expect(await traces()).toEqual(before);
    });

    it('once its row is gone', async () => {
      const { actor, target, own, traces } = await arrange();
      const before = await traces();
      const answer = await interrupted(actor, 'DELETE FROM api_keys WHERE id = ?', () => change(own, target.id));
      expectFailure(answer, ...dead('This API key is not valid.'));
      expect(await traces()).toEqual(before);
    });
  });

  describe('a key that is narrowed', () => {
    it.each([
      ['scopes', `'["api_keys.create", "api_keys.update"]'`, { scopes: ['invoices.read'] }],
      ['ip_allow_list', `'["127.0.0.1"]'`, { ip_allow_list: ['127.0.0.0/8'] }],
      ['expires_at', `'2098-01-01 00:00:00'`, { expires_at: ABLE.expires_at }],
    ] as const)('can pass on no more than it still has: %s', async (column, sql, body) => {
      const { actor, target, own, traces } = await arrange();
      const narrow = `UPDATE api_keys SET ${column} = ${sql} WHERE id = ?`;
      const untouched = await traces();
      const created = await interrupted(actor, narrow, () => own.create({ label: 'x', ...body }));
      expect(await traces()).toEqual(untouched);
      await fixture.setColumn(
        actor.id,
        column,
        column === 'expires_at' ? `'${ABLE.expires_at}'` : `'${JSON.stringify(ABLE[column])}'`,
      );
      const before = await traces();
      const updated = await interrupted(actor, narrow, () => own.update(target.id, { label: 'x', ...body }));
      for (const answer of [created, updated]) {
        expectFailure(answer, 403, { validator: { [column]: expect.any(String) as unknown }, challenge: REALM });
      }
      expect(await traces()).toEqual(before);
    });

    it('passes on what it has now for the fields that the request leaves out', async () => {
      const { actor, own } = await arrange();
      const sql = `UPDATE api_keys SET scopes = '["api_keys.create"]', ip_allow_list = '["127.0.0.1"]',
                          expires_at = '2098-01-01 00:00:00' WHERE id = ?`;
      const answer = await interrupted(actor, sql, () => own.create({ label: 'x' }));
      expect(expectSuccess(answer, 'Resource created successfully')).toMatchObject({
        scopes: ['api_keys.create'],
        ip_allow_list: ['127.0.0.1'],
        expires_at: '2098-01-01 00:00:00',
      });
    });
  });

  describe('a key that is to be changed', () => {
    it.each(CHANGES.slice(1))('is gone for a key with %s once it is deleted', async (_, change) => {
      const { target, own } = await arrange();
      const sql = 'UPDATE api_keys SET deleted_at = UTC_TIMESTAMP() WHERE id = ?';
      const answer = await interrupted(target, sql, () => change(own, target.id));
      expectFailure(answer, 404, { error: `There is no API key ${target.id}.` });
    });

    it('is out of reach once it has become stronger, even for what would make it weaker', async () => {
      const { target, own } = await arrange();
      const sql = `UPDATE api_keys SET scopes = '${JSON.stringify(SCOPES)}' WHERE id = ?`;
      const answer = await interrupted(target, sql, () => own.update(target.id, { label: 'x', ...ABLE }));
      expectFailure(answer, 403, {
        error: /^You cannot change a key that is stronger than yours: /,
        validator: { scopes: expect.any(String) as unknown },
        challenge: REALM,
      });
      expect((await own.get(target.id)).body.data).toMatchObject({ label: 'Test key', scopes: SCOPES });
    });
  });
});

describe('changes at the same time', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  const statusesOf = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))];

  it('of two keys by each other all succeed: no deadlock reaches a client', async () => {
    const [one, other] = await Promise.all([fixture.createKey(), fixture.createKey()]);
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, turn) => {
        const [actor, target] = turn % 2 === 0 ? [one, other] : [other, one];
        return fixture.clientOf(actor).update(target.id, { label: `Turn ${turn}`, scopes: [...SCOPES] });
      }),
    );
    expect(statusesOf(answers)).toEqual([200]);
  });

  it('of a ring of keys, with creations among them, all succeed', async () => {
    const ring = await Promise.all(Array.from({ length: 6 }, () => fixture.createKey()));
    const answers = await Promise.all(
      ring.flatMap((actor, place) => {
        const own = fixture.clientOf(actor);
        const next = ring[(place + 1) % ring.length]?.id ?? '';
        return [own.update(next, { label: 'x' }), own.create({ label: 'x' }), own.update(actor.id, { label: 'x' })];
      }),
    );
    expect(statusesOf(answers)).toEqual([200]);
  });

  it('wait only for the keys that they concern: the other keys of the organization may be held', async () => {
    const organizationId = await fixture.app.createOrganization();
    const [actor, held, target] = await Promise.all(
      Array.from({ length: 3 }, () => fixture.app.createKey(organizationId)),
    );
    const { connection } = fixture.app.schema;
    await connection.beginTransaction();
    await connection.query('SELECT id FROM api_keys WHERE id = ? FOR UPDATE', [idToBytes('api_key_', held?.id ?? '')]);
    const own = fixture.clientOf(actor);
    const answers = [
      await own.create({ label: 'x' }),
      await own.update(target?.id ?? '', { label: 'x' }),
      await own.delete(target?.id ?? ''),
    ];
    await connection.rollback();
    expect(statusesOf(answers)).toEqual([200]);
  });

  it('leaves no deleted key alive: two keys that delete each other are not both served', async () => {
    const [one, other] = await Promise.all([fixture.createKey(), fixture.createKey()]);
    const answers = await Promise.all([fixture.clientOf(one).delete(other.id), fixture.clientOf(other).delete(one.id)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
  });

  it('mints nothing with a key that is deleted meanwhile: what was created was created before', async () => {
    const actor = await fixture.createKey();
    const own = fixture.clientOf(actor);
    const creating = Array.from({ length: 10 }, () => own.create({ label: 'x' }));
    const deleting = fixture.client.delete(actor.id);
    const answers = await Promise.all(creating);
    expectSuccess(await deleting, 'API key deleted');
    expect(answers.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
    const listed = await fixture.client.list(`?created_by=${actor.id}`);
    expect(listed.body.data).toHaveLength(answers.filter(({ status }) => status === 200).length);
    expect((await own.create({ label: 'x' })).status).toBe(401);
  });
});
