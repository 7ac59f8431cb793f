import type { RowDataPacket } from 'mysql2/promise';
import { BackgroundTasks } from '../../src/background/background-tasks.js';
import { idToBytes, newId, type ApiKeyId } from '../../src/common/prefixed-id.js';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/migrator.js';
import { ApiKeyMetricsRepository } from '../../src/usage/api-key-metrics.repository.js';
import { UsageMeter } from '../../src/usage/usage-meter.js';
import { UsageStore } from '../../src/usage/usage-store.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema, type TestSchema } from '../support/schema.js';

const NOON = Date.UTC(2030, 0, 1, 12);
const SECOND_MS = 1_000;

describe('the meter', () => {
  let schema: TestSchema;
  let proxy: MysqlProxy;
  let database: Database;
  let meter: UsageMeter;
  let keyId: ApiKeyId;

  beforeAll(async () => {
    schema = await createSchema();
    proxy = await MysqlProxy.open();
    database = await openDatabase(proxy.url(schema.name));
    await new Migrator(database).up();
  });

  afterAll(async () => {
    await database.close();
    await proxy.close();
    await schema.drop();
  });

  beforeEach(() => {
    proxy.set('open');
    meter = newMeter();
    keyId = newId('api_key_');
  });

  const newMeter = (tasks = new BackgroundTasks()) => new UsageMeter(new UsageStore(database), tasks);

  function use(times: number, id = keyId, of = meter): void {
    for (let i = 0; i < times; i += 1) {
      of.count(id, NOON);
    }
  }

  /** The stored counts, read without the product: requests and last use. */
  async function written(id = keyId): Promise<{ requests: number; lastUsedAt: string } | null> {
    const [rows] = await schema.connection.query<RowDataPacket[]>(
      'SELECT total_requests AS requests, CAST(last_used_at AS CHAR) AS lastUsedAt FROM api_key_metrics WHERE key_id = ?',
      [idToBytes('api_key_', id)],
    );
    const [row] = rows;
    return row === undefined ? null : { requests: Number(row.requests), lastUsedAt: String(row.lastUsedAt) };
  }

  const requests = async (id = keyId) => (await written(id))?.requests ?? 0;

  /** Flushes until nothing is left to write. A broken pool needs a moment to recover. */
  async function flushAll(of = meter): Promise<void> {
    await eventually('everything is written', async () => {
      await of.flush();
      return of.backlog === 0;
    });
  }

  it('writes what was counted, each use once, however often it flushes', async () => {
    use(137);
    await Promise.all([meter.flush(), meter.flush()]);
    await meter.flush();

    expect(await written()).toEqual({ requests: 137, lastUsedAt: '2030-01-01 12:00:00' });
    expect(meter.backlog).toBe(0);
  });

  it('writes also what was counted while an earlier flush ran', async () => {
    const store = new UsageStore(database);
    const write = store.write.bind(store);
    let later: Promise<void> | undefined;
    store.write = async (sequence, batch) => {
      if (later === undefined) {
        use(1);
        later = meter.flush();
      }
      await write(sequence, batch);
    };
    meter = new UsageMeter(store, new BackgroundTasks());
    use(1);
    await meter.flush();
    await later;

    expect(await requests()).toBe(2);
  });

  it('ends a flush although uses go on: they wait for the next', async () => {
    const store = new UsageStore(database);
    const write = store.write.bind(store);
    let writes = 0;
    store.write = async (sequence, batch) => {
      writes += 1;
      use(writes < 50 ? 1 : 0);
      await write(sequence, batch);
    };
    meter = new UsageMeter(store, new BackgroundTasks());
    use(1);
    await meter.flush();

    expect({ writes, requests: await requests(), backlog: meter.backlog }).toEqual({
      writes: 1,
      requests: 1,
      backlog: 1,
    });
  });

  it('shows a key that was never used as such, and adds up what several flushes wrote', async () => {
    const show = () => database.read((manager) => new ApiKeyMetricsRepository().get(manager, keyId));
    expect(await show()).toEqual({ totalRequests: 0, lastUsedAt: null });

    for (const times of [1, 2, 3]) {
      use(times);
      await meter.flush();
    }
    expect(await show()).toEqual({ totalRequests: 6, lastUsedAt: '2030-01-01 12:00:00' });
  });

  it('loses nothing of what is counted while it flushes', async () => {
    for (let round = 0; round < 20; round += 1) {
      use(3);
      const flushed = meter.flush();
      use(2);
      await flushed;
    }
    await meter.flush();

    expect(await requests()).toBe(100);
  });

  it('writes many more keys than fit into one transaction', async () => {
    const ids = Array.from({ length: 2_500 }, () => newId('api_key_'));
    ids.forEach((id) => {
      use(1, id);
    });
    use(1, ids[0]);
    await meter.flush();

    const [rows] = await schema.connection.query<RowDataPacket[]>(
      'SELECT COUNT(*) AS found, SUM(total_requests) AS requests FROM api_key_metrics WHERE key_id IN (?)',
      [ids.map((id) => idToBytes('api_key_', id))],
    );
    expect(rows.map((row) => [Number(row.found), Number(row.requests)])).toEqual([[2_500, 2_501]]);
  });

  it('never lets the last use go back, whichever instance writes last', async () => {
    const other = newMeter();
    meter.count(keyId, NOON + 5 * SECOND_MS);
    meter.count(keyId, NOON + 2 * SECOND_MS);
    other.count(keyId, NOON);
    await meter.flush();
    await other.flush();

    expect(await written()).toEqual({ requests: 3, lastUsedAt: '2030-01-01 12:00:05' });
  });

  it('adds up with other instances that write the same keys at the same time, in whatever order they were used', async () => {
    const ids = Array.from({ length: 50 }, () => newId('api_key_'));
    const meters = [meter, newMeter(), newMeter()];
    for (let round = 0; round < 10; round += 1) {
      meters.forEach((one, place) => {
        (place % 2 === 0 ? ids : [...ids].reverse()).forEach((id) => {
          use(place + 1, id, one);
        });
      });
      await Promise.all(meters.map((one) => one.flush()));
    }
    await Promise.all(meters.map((one) => flushAll(one)));

    expect(new Set(await Promise.all(ids.map((id) => requests(id))))).toEqual(new Set([60]));
  });

  describe('whose write fails', () => {
    it.each(['closed', 'mute'] as const)(
      'keeps the counts, adds later ones, and writes all of them once (%s)',
      async (mode) => {
        use(5);
        proxy.set(mode);
        await meter.flush();
        expect(meter.backlog).toBe(1);
        use(2);

        proxy.set('open');
        await flushAll();
        expect(await requests()).toBe(7);
      },
    );

    it('in a statement keeps the counts too', async () => {
      use(5);
      await schema.connection.query('RENAME TABLE api_key_metrics TO api_key_metrics_away');
      await meter.flush();
      await schema.connection.query('RENAME TABLE api_key_metrics_away TO api_key_metrics');
      expect(meter.backlog).toBe(1);

      await flushAll();
      expect(await requests()).toBe(5);
    });

    it('keeps the counts of every key, also of batches that were not begun', async () => {
      const ids = Array.from({ length: 1_500 }, () => newId('api_key_'));
      ids.forEach((id) => {
        use(1, id);
      });
      proxy.onNextCommit('lost before');
      await meter.flush();
      expect(meter.backlog).toBe(1_500);

      await flushAll();
      const counts = await Promise.all([ids[0], ids[249], ids[250], ids[1_499]].map((id) => requests(id)));
      expect(counts).toEqual([1, 1, 1, 1]);
    });
  });

  describe('whose COMMIT is of unknown outcome', () => {
    const COMMIT_FAULTS = [
      ['had reached the database', 'lost after'],
      ['never reached the database', 'lost before'],
    ] as const;

    it.each(COMMIT_FAULTS)('counts once when it %s', async (_, fault) => {
      use(137);
      proxy.onNextCommit(fault);
      await meter.flush();
      expect(meter.backlog).toBe(1);
      use(3);

      await flushAll();
      expect(await requests()).toBe(140);
    });

    it.each(COMMIT_FAULTS)('counts once when it %s, time after time', async (_, fault) => {
      for (let round = 0; round < 5; round += 1) {
        use(10);
        proxy.onNextCommit(fault);
        await meter.flush();
      }
      await flushAll();

      expect(await requests()).toBe(50);
    });

    it.each(COMMIT_FAULTS)(
      'stays unconfirmed, and counts once, while the database is away after it %s',
      async (_, fault) => {
        use(7);
        proxy.onNextCommit(fault);
        await meter.flush();
        proxy.set('closed');
        await meter.flush();
        use(1);
        await meter.flush();
        expect(meter.backlog).toBe(2);

        proxy.set('open');
        await flushAll();
        expect(await requests()).toBe(8);
      },
    );

    it.each(COMMIT_FAULTS)('counts once when the look-up that settles it %s either', async (_, fault) => {
      use(7);
      proxy.onNextCommit('lost after');
      await meter.flush();
      proxy.onNextCommit(fault);
      await meter.flush();

      await flushAll();
      expect(await requests()).toBe(7);
    });

    it.each(COMMIT_FAULTS)('counts once when it %s at the last flush of a shutdown', async (_, fault) => {
      use(9);
      proxy.onNextCommit(fault);
      await meter.onApplicationShutdown();

      expect(await requests()).toBe(9);
    });
  });

  it('leaves no trace of itself in the settings when it stops', async () => {
    const [before] = await schema.connection.query<RowDataPacket[]>(
      "SELECT name FROM settings WHERE name LIKE 'meter.%'",
    );
    use(1);
    await meter.flush();
    await meter.onApplicationShutdown();
    const [after] = await schema.connection.query<RowDataPacket[]>(
      "SELECT name FROM settings WHERE name LIKE 'meter.%'",
    );

    expect(after).toEqual(before);
  });

  it('clears away, when it stops, what instances left behind that crashed long ago, and spares the living', async () => {
    await schema.connection.query(
      `INSERT INTO settings (name, value, updated_at) VALUES
         ('meter.crashed', '5', UTC_TIMESTAMP() - INTERVAL 8 DAY), ('meter.living', '5', UTC_TIMESTAMP() - INTERVAL 6 DAY)`,
    );
    use(1);
    await meter.onApplicationShutdown();
    const [rows] = await schema.connection.query<RowDataPacket[]>(
      "SELECT name FROM settings WHERE name IN ('meter.crashed', 'meter.living')",
    );

    expect(rows).toEqual([{ name: 'meter.living' }]);
  });

  it('writes by itself once started', async () => {
    const tasks = new BackgroundTasks();
    meter = newMeter(tasks);
    await tasks.start();
    use(4);
    await eventually('the count is written', async () => (await requests()) === 4);
    await meter.onApplicationShutdown();
  });
});
