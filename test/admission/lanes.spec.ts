import { LANES, type Lane } from '../../src/database/connection-lanes.js';
import type { Database } from '../../src/database/database.js';
import { PoolBusyError } from '../../src/database/connection-pool.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema, type TestSchema } from '../support/schema.js';

/** How long a statement holds a connection. A statement that waits in vain gets a quarter of it. */
const DEADLINE_MS = 2_000;

describe('the connections of a pool', () => {
  let schema: TestSchema;
  let proxy: MysqlProxy;
  const opened: Database[] = [];
  beforeAll(async () => {
    schema = await createSchema();
    proxy = await MysqlProxy.open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
    proxy.set('open');
  });
  afterAll(async () => {
    await proxy.close();
    await schema.drop();
  });

  const open = async (poolSize: number) => {
    const database = await openDatabase(proxy.url(schema.name), poolSize);
    opened.push(database);
    return database;
  };

  it.each([
    // Of two connections, verification and the system share the one that the control plane cannot
    // take.
    { size: 2, lane: 'control', most: 1, usable: ['verification', 'system'] },
    { size: 2, lane: 'verification', most: 1, usable: ['control'] },
    { size: 2, lane: 'system', most: 1, usable: ['control'] },
    { size: 3, lane: 'control', most: 1, usable: ['verification', 'system'] },
    { size: 3, lane: 'system', most: 1, usable: ['verification', 'control'] },
    { size: 5, lane: 'control', most: 3, usable: ['verification', 'system'] },
    { size: 5, lane: 'verification', most: 3, usable: ['control', 'system'] },
    { size: 8, lane: 'control', most: 6, usable: ['verification', 'system'] },
  ] as const)(
    'of $size, $most at most are for the lane $lane, however many ask, and these stay usable: $usable',
    async ({ size, lane, most, usable }) => {
      const held = await hold(await open(size), lane, size + 2);
      const others: Lane[] = [];
      for (const other of LANES.filter((each) => each !== lane)) {
        if (await held.canUse(other)) {
          others.push(other);
        }
      }
      await held.release();
      expect({ taken: held.taken, usable: others }).toEqual({ taken: most, usable });
    },
  );

  it('are lent to the next user of the lane when one is returned', async () => {
    const database = await open(5);
    const held = await hold(database, 'control', 3);
    const waiting = database.read((manager) => manager.query('SELECT 1'));
    expect(database.useOf('control')).toEqual({ running: 3, queued: 1 });
    await held.release();
    await waiting;
    expect(database.useOf('control')).toEqual({ running: 0, queued: 0 });
  });

  it('that the control plane exhausts leave the database reachable', async () => {
    const database = await open(5);
    const held = await hold(database, 'control', 5);
    expect(await database.over('system').reachability()).toBe('reachable');
    await held.release();
  });

  it('that are all in use make it busy, not unreachable; that cannot be made make it unreachable', async () => {
    const database = (await open(2)).over('system');
    const held = await hold(database, 'verification', 1);
    expect(await database.reachability()).toBe('busy');
    await held.release();
    expect(await database.reachability()).toBe('reachable');
    proxy.set('closed');
    expect(await database.reachability()).toBe('unreachable');
  });
});

interface Held {
  /** How many connections of the lane were to be had. */
  readonly taken: number;
  canUse(lane: Lane): Promise<boolean>;
  release(): Promise<void>;
}

/** Takes up to `wanted` connections of a lane and keeps them. */
async function hold(database: Database, lane: Lane, wanted: number): Promise<Held> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let taken = 0;
  const uses = Array.from({ length: wanted }, () =>
    database.over(lane).read(async (manager) => {
      await manager.query('SELECT 1');
      taken++;
      await released;
    }, DEADLINE_MS),
  );
  const over = Promise.allSettled(uses);
  await eventually('every connection that is to be had is taken', () => {
    const { running, queued } = database.useOf(lane);
    return taken === running && running + queued === wanted;
  });
  return {
    taken,
    canUse: async (other) => {
      try {
        await database.over(other).read((manager) => manager.query('SELECT 1'), DEADLINE_MS / 4);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(PoolBusyError);
        return false;
      }
    },
    release: async () => {
      release();
      await over;
    },
  };
}
