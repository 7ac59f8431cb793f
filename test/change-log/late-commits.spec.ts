import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { bytesOf, seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { BOUND_MS, report } from '../support/reports.js';
import { TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { schemaUrl, startServer, type StoppableServer } from '../support/stoppable-server.js';
import { deletesKey } from './changes-under-test.js';

/** Longer than the part of the change log that instances read again, 20 s. */
const HELD_MS = 25_000;
const WATCHED_MS = HELD_MS + 5_000;
const PAUSE_MS = 5;

/** How a key was answered while its deletion hung, on the monotonic clock. */
interface Watched {
  readonly lastAcceptedMs: number;
  /** When the deletion could first be seen in the database; never: Infinity. */
  readonly deletedMs: number;
}

describe('the COMMIT of a deletion that hangs for 25 s', () => {
  let server: StoppableServer;
  let direct: Connection;
  let seeded: SeededDatabase;
  let proxy: MysqlProxy;
  let a: TestProcess;
  let doomed: TestProcess;
  let b: TestProcess;

  beforeAll(async () => {
    server = await startServer();
    direct = await server.connect();
    await direct.query('USE latchkey');
    const url = schemaUrl(server.socketPath);
    const drop = async () => {
      direct.destroy();
      await server.destroy();
    };
    seeded = await seedDatabase({ name: 'latchkey', url, connection: direct, drop });
    proxy = await MysqlProxy.open({ server: new URL(url) });
    [a, doomed, b] = await Promise.all([
      TestProcess.start({ database: proxy.url('latchkey'), keepAlive: true }),
      TestProcess.start({ database: proxy.url('latchkey'), keepAlive: true }),
      TestProcess.start({ database: url, keepAlive: true }),
    ]);
  }, 90_000);

  afterAll(async () => {
    await seeded.end();
    await proxy.close();
  }, 60_000);

  async function isDeleted(key: MadeKey): Promise<boolean> {
    const [rows] = await direct.query<RowDataPacket[]>('SELECT deleted_at FROM api_keys WHERE id = ?', [bytesOf(key)]);
    return rows[0]?.deleted_at !== null;
  }

  async function watch(instance: TestProcess, key: MadeKey): Promise<Watched> {
    const endMs = performance.now() + WATCHED_MS;
    let [lastAcceptedMs, deletedMs] = [-Infinity, Infinity];
    while (performance.now() < endMs) {
      const { status, beganMs } = await instance.current(key);
      if (status === 200) {
        lastAcceptedMs = beganMs;
      }
      if (deletedMs === Infinity && (await isDeleted(key))) {
        deletedMs = performance.now();
      }
      await sleep(PAUSE_MS);
    }
    return { lastAcceptedMs, deletedMs };
  }

  /**
   * Deletes a key on B, so that the change log goes on past the entry of the transaction that
   * hangs.
   */
  async function deleteAnother(): Promise<void> {
    const [other] = await seeded.createKeys(1);
    await b.must('DELETE', `${KEYS}/${other?.id ?? ''}`, seeded.root);
  }

  describe('on its way to the server', () => {
    const outcomes: { readonly key: MadeKey; readonly by: string; readonly watched: Watched }[] = [];

    // Both at once: each takes half a minute.
    beforeAll(async () => {
      const [given, killed] = await seeded.createKeys(2);
      const [one, two] = await seeded.createKeys(2);
      if (given === undefined || killed === undefined || one === undefined || two === undefined) {
        throw new Error('no keys');
      }
      proxy.rule = (statements) =>
        statements.at(-1) === 'COMMIT' && [given, killed].some((key) => deletesKey(key, statements))
          ? sleep(HELD_MS).then(() => undefined)
          : 'passes';
      await Promise.all([given, killed].map((key) => b.expectCurrent(key, 200)));
      const watching = Promise.all([watch(b, given), watch(b, killed)]);
      const answers = Promise.all([
        a.send('DELETE', `${KEYS}/${given.id}`, one),
        doomed.send('DELETE', `${KEYS}/${killed.id}`, two),
      ]);
      await sleep(1_000);
      doomed.signal('SIGKILL');
      await deleteAnother();
      const [{ status }, { error }] = await answers;
      expect(status).toBe(503);
      expect(error).not.toBeNull();
      const [ofGiven, ofKilled] = await watching;
      outcomes.push({ key: given, by: 'a client that gave up', watched: ofGiven });
      outcomes.push({ key: killed, by: 'a client that died', watched: ofKilled });
    }, 90_000);

    it('of a client that gave up, or died, never takes place: the server has ended the connection before', async () => {
      for (const { key, by, watched } of outcomes) {
        expect([by, watched.deletedMs]).toEqual([by, Infinity]);
        expect([by, await isDeleted(key)]).toEqual([by, false]);
        await b.expectCurrent(key, 200);
      }
    });

    it('leaves a key that can be deleted: every instance then refuses it within the bound', async () => {
      for (const { key } of outcomes) {
        await a.expectCurrent(key, 200);
        await b.must('DELETE', `${KEYS}/${key.id}`, seeded.root);
        const acknowledgedMs = performance.now();
        const { lastAcceptedMs } = await lastAcceptance(a, key);
        report('last acceptance after a deletion that hung before', [Math.max(0, lastAcceptedMs - acknowledgedMs)]);
        expect(lastAcceptedMs - acknowledgedMs).toBeLessThanOrEqual(BOUND_MS);
      }
    });
  });

  it('on the server, which finishes it when its client has given up: every instance refuses the key within the bound', async () => {
    const [key, caller] = await seeded.createKeys(2);
    if (key === undefined || caller === undefined) {
      throw new Error('no keys');
    }
    proxy.rule = (statements) => {
      if (statements.at(-1) !== 'COMMIT' || !deletesKey(key, statements)) {
        return 'passes';
      }
      proxy.rule = () => 'passes';
      return blockCommits();
    };
    const blockCommits = async () => {
      await deleteAnother();
      const release = await holdCommits(server);
      void sleep(HELD_MS).then(release);
      return 'SET SESSION lock_wait_timeout = 60';
    };
    await Promise.all([a.expectCurrent(key, 200), b.expectCurrent(key, 200)]);
    const watching = Promise.all([watch(a, key), watch(b, key)]);
    const { status } = await a.send('DELETE', `${KEYS}/${key.id}`, caller);
    expect(status).toBe(503);
    const [byA, byB] = await watching;
    for (const [name, { lastAcceptedMs, deletedMs }] of Object.entries({ A: byA, B: byB })) {
      report(`last acceptance by ${name} after a late commit`, [Math.max(0, lastAcceptedMs - deletedMs)]);
      expect(deletedMs).toBeLessThan(Infinity);
      expect(lastAcceptedMs - deletedMs).toBeLessThanOrEqual(BOUND_MS);
    }
  }, 60_000);
});

/**
 * Keeps every COMMIT waiting on the server, as a semi-synchronous replica does that is away.
 * @returns what ends it
 */
async function holdCommits(server: StoppableServer): Promise<() => Promise<void>> {
  const admin = await server.connect();
  const [rows] = await admin.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const isMariaDb = String(rows[0]?.version).includes('MariaDB');
  const statements = isMariaDb ? ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT'] : ['FLUSH TABLES WITH READ LOCK'];
  for (const statement of statements) {
    await admin.query(statement);
  }
  return async () => {
    await admin.query(isMariaDb ? 'BACKUP STAGE END' : 'UNLOCK TABLES');
    await admin.end();
  };
}

async function lastAcceptance(instance: TestProcess, key: MadeKey): Promise<{ readonly lastAcceptedMs: number }> {
  let lastAcceptedMs = -Infinity;
  for (;;) {
    const { status, beganMs } = await instance.current(key);
    if (status === 401) {
      return { lastAcceptedMs };
    }
    if (status === 200) {
      lastAcceptedMs = beganMs;
    }
    await sleep(PAUSE_MS);
  }
}
