import type { RowDataPacket } from 'mysql2';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { expectFailure, expectSuccess, invalidToken } from '../support/expect-answer.js';
import { describeGuards, describeMissing } from './guarded-route.js';

const DELETED = 'API key deleted';
const GONE = 'This API key has been deleted.';

describe('deleting an API key', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  describeGuards(() => fixture, {
    scope: 'api_keys.delete',
    call: async (client, { createKey }) => client.delete((await createKey()).id),
    callBadly: (client) => client.delete('nonsense'),
  });
  describeMissing(
    () => fixture,
    (client, id) => client.delete(id),
  );

  it('answers with the id and nothing else', async () => {
    const { id } = await fixture.createKey();
    expect(expectSuccess(await fixture.client.delete(id), DELETED)).toStrictEqual({ id });
  });

  it('stops the secret at once, on every route', async () => {
    const key = await fixture.createKey();
    const own = fixture.clientOf(key);
    expect((await own.list()).status).toBe(200);
    await fixture.client.delete(key.id);
    const answers = [
      await own.list(),
      await own.get(key.id),
      await own.create({ label: 'x' }),
      await own.update(fixture.root.id, { label: 'x' }),
      await own.delete(fixture.root.id),
    ];
    for (const answer of answers) {
      expectFailure(answer, 401, { error: GONE, challenge: invalidToken(GONE) });
    }
  });

  it('leaves nothing to get, update or delete: 404 from then on, and no place in the list', async () => {
    const { id } = await fixture.createKey();
    await fixture.client.delete(id);
    const answers = [
      await fixture.client.get(id),
      await fixture.client.update(id, { label: 'x' }),
      await fixture.client.delete(id),
    ];
    for (const answer of answers) {
      expectFailure(answer, 404, { error: `There is no API key ${id}.` });
    }
    expect((await fixture.client.list('?limit=1000')).body.data.map((key) => key.id)).not.toContain(id);
  });

  it('lets a key delete itself', async () => {
    const key = await fixture.createKey({ scopes: ['api_keys.delete'] });
    expectSuccess(await fixture.clientOf(key).delete(key.id), DELETED);
    expectFailure(await fixture.clientOf(key).delete(key.id), 401, { error: GONE, challenge: invalidToken(GONE) });
  });

  it('lets a weak key delete a strong one: deleting only ever weakens', async () => {
    const [weak, strong] = await Promise.all([
      fixture.createKey({ scopes: ['api_keys.delete'], ip_allow_list: ['127.0.0.1'] }),
      fixture.createKey(),
    ]);
    expectSuccess(await fixture.clientOf(weak).delete(strong.id), DELETED);
  });

  it('deletes a disabled key and an expired one like any other', async () => {
    const [disabled, expired] = await Promise.all([fixture.createKey(), fixture.createKey()]);
    await fixture.setColumn(disabled.id, 'disabled_at', 'UTC_TIMESTAMP()');
    await fixture.setColumn(expired.id, 'expires_at', "'2026-01-01 00:00:00'");
    expectSuccess(await fixture.client.delete(disabled.id), DELETED);
    expectSuccess(await fixture.client.delete(expired.id), DELETED);
  });

  it('leaves the keys that it created alone', async () => {
    const parent = await fixture.createKey();
    const child = (await fixture.clientOf(parent).create({ label: 'x' })).body.data;
    await fixture.client.delete(parent.id);
    expect((await fixture.clientOf(child).get(child.id)).status).toBe(200);
  });

  it('succeeds once when several do it at once', async () => {
    const { id } = await fixture.createKey();
    const answers = await Promise.all(Array.from({ length: 6 }, () => fixture.client.delete(id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404, 404, 404, 404, 404]);
  });

  it('takes no notice of a body', async () => {
    const { id } = await fixture.createKey();
    const response = await fetch(`${fixture.app.url}/developers/api_keys/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${fixture.root.secret}`, 'content-type': 'application/json' },
      body: '{"not JSON',
    });
    expect(response.status).toBe(200);
  });

  it('keeps the row for the record, and records the change for the other instances', async () => {
    const { id } = await fixture.createKey();
    await fixture.client.delete(id);
    const bytes = idToBytes('api_key_', id);
    const [rows] = await fixture.app.schema.connection.query<RowDataPacket[]>(
      `SELECT deleted_at IS NOT NULL AS deleted, (SELECT COUNT(*) FROM key_changes WHERE key_id = k.id) AS entries
         FROM api_keys k WHERE id = ?`,
      [bytes],
    );
    expect(rows).toEqual([{ deleted: 1, entries: 2 }]);
  });
});
