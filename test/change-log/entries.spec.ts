import type { RowDataPacket } from 'mysql2/promise';
import { ChangeLog, type Change } from '../../src/change-log/change-log.js';
import { bytesToId, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { Database } from '../../src/database/database.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { KEYS, send } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';

/** A change-log entry. `keyId` null: of the whole organization. */
interface Entry {
  readonly organizationId: OrganizationId;
  readonly keyId: ApiKeyId | null;
}

describe('the change log', () => {
  let latchkey: TestApp;
  let organizationId: OrganizationId;
  let root: string;
  let keyId: ApiKeyId;

  beforeAll(async () => {
    latchkey = await TestApp.start();
  });

  afterAll(() => latchkey.close());

  beforeEach(async () => {
    organizationId = await latchkey.createOrganization();
    root = (await latchkey.createKey(organizationId)).secret;
    const { id } = await latchkey.createKey(organizationId, {
      scopes: ['products.read', 'products.update'],
      ip_allow_list: ['10.0.0.0/8'],
    });
    keyId = id;
  });

  async function entries(): Promise<Entry[]> {
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT organization_id, key_id FROM key_changes ORDER BY id',
    );
    return rows.map((row) => ({
      organizationId: bytesToId('org_', row.organization_id as Buffer),
      keyId: row.key_id === null ? null : bytesToId('api_key_', row.key_id as Buffer),
    }));
  }

  /** The entries that the work adds. */
  async function entriesOf(work: () => Promise<unknown>): Promise<Entry[]> {
    const before = (await entries()).length;
    await work();
    return (await entries()).slice(before);
  }

  const put =
    (body: object, expected = 200) =>
    async () => {
      const { status } = await send(latchkey.url, 'PUT', `${KEYS}/${keyId}`, {
        secret: root,
        body: { label: 'Key', ...body },
      });
      expect(status).toBe(expected);
    };

  it.each([
    ['scopes taken away', { scopes: ['products.read'] }],
    ['scopes added', { scopes: ['products.read', 'products.update', 'products.delete'] }],
    ['addresses taken away', { ip_allow_list: ['10.0.0.1'] }],
    ['addresses added', { ip_allow_list: [] }],
    ['an expiry', { expires_at: '2099-01-01 00:00:00' }],
    [
      'everything at once',
      { scopes: ['products.read'], ip_allow_list: ['10.0.0.1'], expires_at: '2099-01-01 00:00:00' },
    ],
  ])('are one for %s', async (_, body) => {
    expect(await entriesOf(put(body))).toEqual([{ organizationId, keyId }]);
  });

  it('are one for a new key, with its id', async () => {
    let created: unknown;
    const left = await entriesOf(async () => {
      ({
        body: { data: created },
      } = await send(latchkey.url, 'POST', KEYS, { secret: root, body: { label: 'New' } }));
    });

    expect(left).toEqual([{ organizationId, keyId: (created as { id: string }).id }]);
  });

  it('are one for a deleted key, and none when it is deleted again', async () => {
    const remove = () => send(latchkey.url, 'DELETE', `${KEYS}/${keyId}`, { secret: root });

    expect(await entriesOf(remove)).toEqual([{ organizationId, keyId }]);
    expect(await entriesOf(remove)).toEqual([]);
  });

  it('are one for an organization that is deactivated or reactivated, and none if it is already', async () => {
    const organizations = latchkey.app.get(OrganizationsService);
    const one = [{ organizationId, keyId: null }];

    expect(await entriesOf(() => organizations.deactivate(organizationId))).toEqual(one);
    expect(await entriesOf(() => organizations.deactivate(organizationId))).toEqual([]);
    expect(await entriesOf(() => organizations.reactivate(organizationId))).toEqual(one);
    expect(await entriesOf(() => organizations.reactivate(organizationId))).toEqual([]);
  });

  it('are one for an organization that several operators deactivate at once', async () => {
    const organizations = latchkey.app.get(OrganizationsService);
    const deactivations = () => Promise.all([1, 2, 3].map(() => organizations.deactivate(organizationId)));

    expect(await entriesOf(deactivations)).toEqual([{ organizationId, keyId: null }]);
  });

  it('are none for a new organization', async () => {
    expect(await entriesOf(() => latchkey.createOrganization())).toEqual([]);
  });

  it.each([
    ['another label', { label: 'Renamed' }],
    ['another description', { description: 'Another description' }],
    ['the values that it has', { scopes: ['products.read', 'products.update'], ip_allow_list: ['10.0.0.0/8'] }],
  ])('are none for %s, which alters no verdict', async (_, body) => {
    expect(await entriesOf(put(body))).toEqual([]);
  });

  it('are none for reading, listing and counting', async () => {
    const left = await entriesOf(async () => {
      await send(latchkey.url, 'GET', KEYS, { secret: root });
      await send(latchkey.url, 'GET', `${KEYS}/${keyId}`, { secret: root });
      await latchkey.flushUsage();
    });

    expect(left).toEqual([]);
  });

  it('are none for a change that is refused', async () => {
    const narrow = await latchkey.createKey(organizationId, { scopes: ['api_keys.create', 'api_keys.update'] });
    const left = await entriesOf(async () => {
      const parts = { secret: narrow.secret, body: { label: 'Stronger', scopes: ['users.update'] } };
      expect((await send(latchkey.url, 'POST', KEYS, parts)).status).toBe(403);
      expect((await send(latchkey.url, 'PUT', `${KEYS}/${keyId}`, parts)).status).toBe(403);
      await put({ expires_at: '2001-01-01 00:00:00' }, 400)();
    });

    expect(left).toEqual([]);
  });

  it('are rolled back with the change, and no listener is called', async () => {
    const changeLog = latchkey.app.get(ChangeLog);
    const notified: Change[] = [];
    const unsubscribe = changeLog.subscribe((change) => notified.push(change));
    const left = await entriesOf(async () => {
      const work = latchkey.app.get(Database).transaction((transaction) => {
        changeLog.record(transaction, { organizationId, keyId });
        return Promise.reject(new RangeError('changed my mind'));
      });
      await expect(work).rejects.toThrow('changed my mind');
    });
    unsubscribe();

    expect(left).toEqual([]);
    expect(notified).toEqual([]);
  });

  it('are written in the transaction of the change: if none can be written, nothing changes', async () => {
    const { connection } = latchkey.schema;
    const rows = async () => (await connection.query<RowDataPacket[]>('SELECT * FROM api_keys ORDER BY id'))[0];
    const withoutRevision = (found: RowDataPacket[]) => found.map((row) => ({ ...row, revision: undefined }));
    const before = await rows();
    await connection.query('RENAME TABLE key_changes TO key_changes_away');
    try {
      const statuses = [
        await send(latchkey.url, 'POST', KEYS, { secret: root, body: { label: 'New' } }),
        await send(latchkey.url, 'PUT', `${KEYS}/${keyId}`, {
          secret: root,
          body: { label: 'New', scopes: ['products.read'] },
        }),
        await send(latchkey.url, 'DELETE', `${KEYS}/${keyId}`, { secret: root }),
      ].map(({ status }) => status);
      expect(statuses).toEqual([503, 503, 503]);
      await expect(latchkey.app.get(OrganizationsService).deactivate(organizationId)).rejects.toThrow();
    } finally {
      await connection.query('RENAME TABLE key_changes_away TO key_changes');
    }

    expect(withoutRevision(await rows())).toEqual(withoutRevision(before));
    expect((await send(latchkey.url, 'GET', KEYS, { secret: root })).status).toBe(200);
  });

  it('are announced within the process before the response is sent', async () => {
    const events: string[] = [];
    const unsubscribe = latchkey.app
      .get(ChangeLog)
      .subscribe((change) => events.push(`notified of ${String(change.keyId)}`));
    await send(latchkey.url, 'DELETE', `${KEYS}/${keyId}`, { secret: root });
    events.push('responded');
    unsubscribe();
    await latchkey.createKey(organizationId);

    expect(events).toEqual([`notified of ${keyId}`, 'responded']);
  });

  it('hold the time of the database, in UTC', async () => {
    await latchkey.createKey(organizationId);
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP())) AS age FROM key_changes ORDER BY id DESC LIMIT 1',
    );
    expect(Number(rows[0]?.age)).toBeLessThan(60);
  });
});
