import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { LANES } from '../../src/database/connection-lanes.js';
import { MAX_IDLE_MS, DEFAULT_POOL_SIZE } from '../../src/database/connection-options.js';
import type { Database } from '../../src/database/database.js';
import { KEYS } from '../support/api-client.js';
import { seedDatabase } from '../support/fixtures.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema, type TestSchema } from '../support/schema.js';

/** Longer than the server keeps an idle connection. */
const PATIENCE_MS = 15_000;
const HOUR_MS = 3_600_000;

describe('an idle connection', () => {
  let schema: TestSchema;

  beforeAll(async () => {
    schema = await createSchema();
  });

  afterAll(() => schema.drop());

  const openConnections = async (name: string) => {
    const [rows] = await schema.connection.query<RowDataPacket[]>(
      'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
      [name],
    );
    return rows.length;
  };

  /** As many reads at once as there are connections, over all lanes, so that each is used. */
  const useAll = (database: Database) =>
    Promise.all(
      Array.from({ length: DEFAULT_POOL_SIZE }, (_, place) =>
        database.over(LANES[place % LANES.length] ?? 'system').read((manager) => manager.query('SELECT SLEEP(0.1)')),
      ),
    );

  it('is closed, and replaced without an error when one is needed', async () => {
    const database = await openDatabase(schema.url);
    try {
      await useAll(database);
      expect(await openConnections(schema.name)).toBe(DEFAULT_POOL_SIZE);
      await eventually('all are closed', async () => (await openConnections(schema.name)) === 0, PATIENCE_MS);
      await expect(useAll(database)).resolves.toHaveLength(DEFAULT_POOL_SIZE);
    } finally {
      await database.close();
    }
  }, 30_000);

  it('is not used again when the network has dropped it meanwhile, even if the wall clock was put back', async () => {
    const proxy = await MysqlProxy.open();
    const database = await openDatabase(proxy.url(schema.name));
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - HOUR_MS);
    try {
      await useAll(database);
      proxy.set('severed');
      proxy.set('open');
      await sleep(MAX_IDLE_MS);
      await expect(useAll(database)).resolves.toHaveLength(DEFAULT_POOL_SIZE);
    } finally {
      now.mockRestore();
      await database.close();
      await proxy.close();
    }
  }, 30_000);

  it('of a process that stood still is closed by the server, and replaced without an error when the process goes on', async () => {
    const seeded = await seedDatabase();
    try {
      const instance = await TestProcess.start({ database: seeded.schema.url, keepAlive: true });
      // No more: while its change feed is behind, an instance reads a few secrets at once only.
      const keys = await seeded.createKeys(3);
      const rename = (label: string) =>
        Promise.all(keys.map(async (key) => (await instance.send('PUT', `${KEYS}/${key.id}`, key, { label })).status));
      const allDone = keys.map(() => 200);
      expect(await rename('Before')).toEqual(allDone);
      instance.signal('SIGSTOP');
      const own = 1;
      await eventually(
        'the server has closed all',
        async () => (await openConnections(seeded.schema.name)) === own,
        PATIENCE_MS,
      );
      instance.signal('SIGCONT');
      expect(await rename('After')).toEqual(allDone);
      expect(instance.output).not.toContain('the change feed cannot be read');
    } finally {
      await seeded.end();
    }
  }, 60_000);
});
