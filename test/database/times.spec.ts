import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { serviceEnv, TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { changeInDatabase } from '../support/database-changes.js';
import { eventually } from '../support/eventually.js';
import { connectionOptions, createSchema, type TestSchema } from '../support/schema.js';

const ZONES = ['Asia/Kolkata', 'America/New_York', 'Europe/Berlin'] as const;

/** Moments that do not exist in one of the zones or exist twice there, and an ordinary one. */
const MOMENTS = {
  'in the gap of New York': '2027-03-14 02:30:00',
  'in the gap of Berlin': '2027-03-28 02:30:00',
  'twice in Berlin': '2027-10-31 02:30:00',
  'at a midnight': '2028-02-29 00:00:00',
};

interface Key {
  readonly id: string;
  readonly secret: string;
  readonly expires_at: string | null;
  readonly created_at: string;
  readonly updated_at: string | null;
  readonly metrics: { readonly last_used_at: string | null };
}

describe('times', () => {
  let schema: TestSchema;
  let proxy: MysqlProxy;
  let secret: string;
  let urls: readonly string[];

  /** The columns of the row as text, read without the product. */
  async function stored(id: string): Promise<RowDataPacket | undefined> {
    const [rows] = await schema.connection.query<RowDataPacket[]>(
      `SELECT CAST(expires_at AS CHAR) AS expires_at, CAST(created_at AS CHAR) AS created_at,
              CAST(updated_at AS CHAR) AS updated_at FROM api_keys WHERE id = ?`,
      [idToBytes('api_key_', id)],
    );
    return rows[0];
  }

  async function databaseTime(): Promise<string> {
    const [rows] = await schema.connection.query<RowDataPacket[]>('SELECT CAST(UTC_TIMESTAMP() AS CHAR) AS now');
    return String(rows[0]?.now);
  }

  async function ask(url: string, method: string, path: string, body?: unknown): Promise<Key> {
    const answer = await send<Key>(url, method, path, { secret, ...(body !== undefined && { body }) });
    expect(answer.body).toMatchObject({ status: 200, error: null });
    return answer.body.data;
  }

  beforeAll(async () => {
    schema = await createSchema();
    // As if the server's default were this zone.
    proxy = await MysqlProxy.open({ sessionStatement: "SET time_zone = '+03:00'" });
    expect(await timeZoneOf(proxy.url(schema.name))).toBe('+03:00');
    const dataDir = makeFolder();
    const env = (zone: string) => serviceEnv(proxy.url(schema.name), { TZ: zone, DATA_DIR: dataDir });
    const first = new TestProcess({ program: 'start', env: env(ZONES[0]) });
    const firstUrl = await first.ready();
    const others = ZONES.slice(1).map((zone) => new TestProcess({ env: env(zone) }));
    urls = [firstUrl, ...(await Promise.all(others.map((product) => product.ready())))];
    ({ secret } = JSON.parse(readFileSync(join(dataDir, 'first-key.json'), 'utf8')) as { secret: string });
  });

  afterAll(async () => {
    await endProcesses();
    await proxy.close();
    await schema.drop();
  });

  describe.each(ZONES.map((zone, place) => ({ zone, place })))(
    'of a process under TZ=$zone, with the server at +03:00',
    ({ place }) => {
      const url = () => urls[place] ?? '';

      it.each(Object.entries(MOMENTS))('keep an expiry %s, %s, to the letter', async (_, moment) => {
        const created = await ask(url(), 'POST', KEYS, { label: 'Moment', expires_at: moment });
        expect(created.expires_at).toBe(moment);
        expect(await stored(created.id)).toMatchObject({ expires_at: moment });

        // Every process reads what this one wrote.
        for (const reader of urls) {
          expect((await ask(reader, 'GET', `${KEYS}/${created.id}`)).expires_at).toBe(moment);
        }
        const listed = (await ask(url(), 'GET', KEYS)) as unknown as Key[];
        expect(listed.find(({ id }) => id === created.id)?.expires_at).toBe(moment);

        await ask(url(), 'PUT', `${KEYS}/${created.id}`, { label: 'Moment', expires_at: null });
        const updated = await ask(url(), 'PUT', `${KEYS}/${created.id}`, { label: 'Moment', expires_at: moment });
        expect(updated.expires_at).toBe(moment);
        expect(await stored(created.id)).toMatchObject({ expires_at: moment });
      });

      it('are UTC: created, updated and last used', async () => {
        const before = await databaseTime();
        const created = await ask(url(), 'POST', KEYS, { label: 'Now' });
        const updated = await ask(url(), 'PUT', `${KEYS}/${created.id}`, { label: 'Still now' });
        const used = await send(url(), 'GET', KEYS, { secret: created.secret });
        const after = await databaseTime();

        for (const moment of [created.created_at, String(updated.updated_at)]) {
          expect(moment >= before && moment <= after).toBe(true);
        }
        expect(await stored(created.id)).toMatchObject({
          created_at: created.created_at,
          updated_at: updated.updated_at,
        });
        expect(used.status).toBe(200);
        const lastUsed = await lastUse(created.id);
        expect(lastUsed >= before && lastUsed <= after).toBe(true);
        expect((await ask(url(), 'GET', `${KEYS}/${created.id}`)).metrics.last_used_at).toBe(lastUsed);
      });

      it('decide about an expiry by UTC alone', async () => {
        const { id, secret: own } = await ask(url(), 'POST', KEYS, { label: 'MaybePromise' });
        const expire = (interval: string) =>
          changeInDatabase(schema.name, id, [
            `UPDATE api_keys SET expires_at = UTC_TIMESTAMP() + INTERVAL ${interval} WHERE id = ?`,
            idToBytes('api_key_', id),
          ]);
        const use = async () => (await send(url(), 'GET', KEYS, { secret: own })).status;
        const isListed = async (status: string) =>
          ((await ask(url(), 'GET', `${KEYS}?status=${status}`)) as unknown as Key[]).some((key) => key.id === id);

        // Nearer than any offset between the zones at work here.
        await expire('20 MINUTE');
        expect(await use()).toBe(200);
        expect([await isListed('active'), await isListed('expired')]).toEqual([true, false]);

        await expire('-1 SECOND');
        await eventually('the expiry is heard of', async () => (await use()) === 401);
        expect([await isListed('active'), await isListed('expired')]).toEqual([false, true]);
      });
    },
  );

  async function timeZoneOf(url: string): Promise<unknown> {
    const connection = await createConnection(connectionOptions(new URL(url)));
    const [rows] = await connection.query<RowDataPacket[]>('SELECT @@session.time_zone AS zone');
    await connection.end();
    return rows[0]?.zone;
  }

  async function lastUse(id: string): Promise<string> {
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline) {
      const [rows] = await schema.connection.query<RowDataPacket[]>(
        'SELECT CAST(last_used_at AS CHAR) AS at FROM api_key_metrics WHERE key_id = ?',
        [idToBytes('api_key_', id)],
      );
      if (rows[0] !== undefined) {
        return String(rows[0].at);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the use was never written');
  }
});
