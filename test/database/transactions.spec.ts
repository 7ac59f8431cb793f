import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { EntityManager } from 'typeorm';
import { UnavailableError } from '../../src/common/unavailable-error.js';
import type { Lane } from '../../src/database/connection-lanes.js';
import { CommitUnknownError } from '../../src/database/database-errors.js';
import type { Database } from '../../src/database/database.js';
import type { Settled, Transaction } from '../../src/database/transaction.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema, type TestSchema } from '../support/schema.js';

/** The lanes of all connections that the pool may hold. */
const EVERY_CONNECTION: readonly Lane[] = ['control', 'control', 'control', 'verification', 'system'];

const RAISE_DEADLOCK = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'";

describe('a transaction', () => {
  let schema: TestSchema;
  let proxy: MysqlProxy;
  let database: Database;

  beforeAll(async () => {
    schema = await createSchema();
    await schema.connection.query(
      'CREATE TABLE tally (name VARCHAR(8) PRIMARY KEY, count INT NOT NULL) ENGINE = InnoDB',
    );
    proxy = await MysqlProxy.open();
    database = await openDatabase(proxy.url(schema.name));
  });

  afterAll(async () => {
    await database.close();
    await proxy.close();
    await schema.drop();
  });

  beforeEach(async () => {
    proxy.set('open');
    await schema.connection.query("REPLACE INTO tally VALUES ('a', 0), ('b', 0)");
  });

  const add = ({ manager }: Transaction, name: string) =>
    manager.query('UPDATE tally SET count = count + 1 WHERE name = ?', [name]);

  async function count(name: string): Promise<unknown> {
    const [rows] = await schema.connection.query<RowDataPacket[]>('SELECT count FROM tally WHERE name = ?', [name]);
    return rows[0]?.count;
  }

  describe('that goes well or is given up', () => {
    it('commits its work, and reports the commit', async () => {
      const settled: Settled[] = [];
      const result = await database.transaction(async (transaction) => {
        transaction.onSettled((how) => settled.push(how));
        await add(transaction, 'a');
        return 'done';
      });

      expect(result).toBe('done');
      expect(settled).toEqual(['committed']);
      expect(await count('a')).toBe(1);
    });

    it('undoes everything when its work throws, rethrows the error and reports no commit', async () => {
      const settled: Settled[] = [];
      const work = database.transaction(async (transaction) => {
        transaction.onSettled((how) => settled.push(how));
        await add(transaction, 'a');
        throw new RangeError('changed my mind');
      });

      await expect(work).rejects.toThrow(new RangeError('changed my mind'));
      expect(settled).toEqual([]);
      expect(await count('a')).toBe(0);
    });

    it('passes on an error in a statement as it is: that is no outage', async () => {
      const work = database.transaction(({ manager }) => manager.query('SELEC nonsense FROM tally'));

      await expect(work).rejects.not.toBeInstanceOf(UnavailableError);
      await expect(work).rejects.toThrow(/nonsense/);
    });

    it('speaks strictly, in UTC, and sees what others have committed meanwhile', async () => {
      const [session] = await database.read((manager) =>
        manager.query<Record<string, string>[]>('SELECT @@sql_mode AS mode, @@time_zone AS zone'),
      );
      expect(session?.mode).toContain('STRICT_ALL_TABLES');
      expect(session?.zone).toBe('+00:00');

      const seen = await database.transaction(async ({ manager }) => {
        const look = () => manager.query<{ count: number }[]>("SELECT count FROM tally WHERE name = 'a'");
        const [before] = await look();
        await schema.connection.query("UPDATE tally SET count = 7 WHERE name = 'a'");
        const [after] = await look();
        return [before?.count, after?.count];
      });
      expect(seen).toEqual([0, 7]);
    });
  });

  describe('in a deadlock', () => {
    it('is tried again until both of two that wait for each other have done their work', async () => {
      const bothHoldOne = barrier(2);
      let runs = 0;
      const crosswise = (first: string, second: string) =>
        database.transaction(async (transaction) => {
          runs += 1;
          await add(transaction, first);
          await bothHoldOne();
          await add(transaction, second);
        });
      await Promise.all([crosswise('a', 'b'), crosswise('b', 'a')]);

      expect([await count('a'), await count('b')]).toEqual([2, 2]);
      expect(runs).toBe(3);
    });

    it('that does not end is an outage after five attempts', async () => {
      let runs = 0;
      const work = database.transaction(async (transaction) => {
        runs += 1;
        await add(transaction, 'a');
        await transaction.manager.query(RAISE_DEADLOCK);
      });

      await expect(work).rejects.toBeInstanceOf(UnavailableError);
      await expect(work).rejects.not.toBeInstanceOf(CommitUnknownError);
      expect(runs).toBe(5);
      expect(await count('a')).toBe(0);
    });

    it('that comes only at COMMIT, as on Galera, is tried again and reported once', async () => {
      const settled: Settled[] = [];
      let runs = 0;
      proxy.onNextCommit('conflict');
      await database.transaction(async (transaction) => {
        runs += 1;
        transaction.onSettled((how) => settled.push(how));
        await add(transaction, 'a');
      });

      expect(runs).toBe(2);
      expect(settled).toEqual(['committed']);
      expect(await count('a')).toBe(1);
    });
  });

  describe('whose COMMIT is not answered', () => {
    it.each([
      ['had reached the database', 'lost after', 1],
      ['never reached the database', 'lost before', 0],
    ] as const)('is of unknown outcome, when the COMMIT %s', async (_, fault, counted) => {
      const settled: Settled[] = [];
      proxy.onNextCommit(fault);
      const work = database.transaction(async (transaction) => {
        transaction.onSettled((how) => settled.push(how));
        await add(transaction, 'a');
      });

      await expect(work).rejects.toBeInstanceOf(CommitUnknownError);
      // Callers that cache the outcome must assume that the change holds.
      expect(settled).toEqual(['unknown']);
      await eventually('the lock is gone', () => isUnlocked(schema.connection));
      expect(await count('a')).toBe(counted);
    });

    it('is not taken for one of unknown outcome when the connection breaks earlier', async () => {
      const work = database.transaction(async (transaction) => {
        await add(transaction, 'a');
        proxy.set('closed');
        await add(transaction, 'b');
      });

      await expect(work).rejects.toBeInstanceOf(UnavailableError);
      await expect(work).rejects.not.toBeInstanceOf(CommitUnknownError);
    });
  });

  describe('on a database that cannot serve', () => {
    it.each(['closed', 'mute'] as const)(
      'is refused as an outage while it is %s, and works again after it',
      async (mode) => {
        const read = (deadlineMs: number) => database.read((manager) => manager.query('SELECT 1 AS one'), deadlineMs);
        proxy.set(mode);
        await expect(read(300)).rejects.toBeInstanceOf(UnavailableError);
        await expect(read(300)).rejects.toBeInstanceOf(UnavailableError);

        proxy.set('open');
        await eventually('the database serves again', () =>
          read(3_000).then(
            () => true,
            () => false,
          ),
        );
        await expect(database.transaction((transaction) => add(transaction, 'a'))).resolves.toBeDefined();
      },
    );

    it('is an outage when the server kills its connection', async () => {
      const work = database.transaction(async ({ manager }) => {
        await schema.connection.query(`KILL ${await connectionIdOf(manager)}`);
        await manager.query('SELECT 1');
      });

      await expect(work).rejects.toBeInstanceOf(UnavailableError);
    });

    it('does not wait for ever for a connection when all are busy, and leaks none', async () => {
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const allBusy = barrier(EVERY_CONNECTION.length + 1);
      const holders = EVERY_CONNECTION.map((lane) =>
        database.over(lane).transaction(async ({ manager }) => {
          await manager.query('SELECT 1');
          await allBusy();
          await held;
        }),
      );
      await allBusy();

      const waiting = Array.from({ length: 10 }, () => database.read((manager) => manager.query('SELECT 1'), 100));
      for (const outcome of await Promise.allSettled(waiting)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) as unknown });
      }

      letGo();
      await Promise.all(holders);
      const all = barrier(EVERY_CONNECTION.length);
      const ids = await Promise.all(
        EVERY_CONNECTION.map((lane) =>
          database.over(lane).read(async (manager) => {
            const id = await connectionIdOf(manager);
            await all();
            return id;
          }),
        ),
      );
      expect(new Set(ids).size).toBe(EVERY_CONNECTION.length);
    });
  });

  describe('that takes too long', () => {
    interface Outcome {
      readonly error: unknown;
      readonly connectionId: number;
    }
    let behindLock: Outcome;
    let endless: Outcome;
    let unansweredCommit: Outcome;
    let endlessRead: Outcome;
    let slow: Database;

    // All at once: each of them takes seconds.
    beforeAll(async () => {
      await schema.connection.query("REPLACE INTO tally VALUES ('a', 0), ('b', 0)");
      slow = await openDatabase(proxy.url(schema.name));
      proxy.set('open');
      await schema.connection.beginTransaction();
      await schema.connection.query("UPDATE tally SET count = 100 WHERE name = 'a'");
      proxy.onNextCommit('unanswered');
      [behindLock, endless, unansweredCommit, endlessRead] = await Promise.all([
        outcomeOf((transaction) => add(transaction, 'a')),
        outcomeOf(({ manager }) => manager.query('SELECT SLEEP(20)')),
        outcomeOf((transaction) => add(transaction, 'b')),
        outcomeOfRead((manager) => manager.query('SELECT SLEEP(20)')),
      ]);
      await schema.connection.rollback();
    });

    afterAll(() => slow.close());

    const outcomeOf = (work: (transaction: Transaction) => Promise<unknown>) =>
      outcomeWith((within) => slow.transaction((transaction) => within(transaction.manager, () => work(transaction))));

    const outcomeOfRead = (work: (manager: EntityManager) => Promise<unknown>) =>
      outcomeWith((within) => slow.over('verification').read((manager) => within(manager, () => work(manager))));

    /** How it went, and on which connection. */
    async function outcomeWith(
      run: (within: (manager: EntityManager, work: () => Promise<unknown>) => Promise<void>) => Promise<void>,
    ): Promise<Outcome> {
      let connectionId = 0;
      const error: unknown = await run(async (manager, work) => {
        connectionId = await connectionIdOf(manager);
        await work();
      }).then(
        () => 'it went well',
        (reason: unknown) => reason,
      );
      return { error, connectionId };
    }

    it('behind a lock that another holds, is an outage, and nothing of it remains', async () => {
      expect(behindLock.error).toBeInstanceOf(UnavailableError);
      expect(behindLock.error).not.toBeInstanceOf(CommitUnknownError);
      expect(await count('a')).toBe(0);
    });

    it('in a statement that does not end, is cut and an outage', () => {
      expect(endless.error).toBeInstanceOf(UnavailableError);
      expect(endless.error).not.toBeInstanceOf(CommitUnknownError);
      expect(endlessRead.error).toBeInstanceOf(UnavailableError);
    });

    it('in its COMMIT, is of unknown outcome', () => {
      expect(unansweredCommit.error).toBeInstanceOf(CommitUnknownError);
    });

    it('loses its connection, which is never used again', async () => {
      const all = barrier(EVERY_CONNECTION.length);
      const ids = await Promise.all(
        EVERY_CONNECTION.map((lane) =>
          slow.over(lane).read(async (manager) => {
            const id = await connectionIdOf(manager);
            await all();
            return id;
          }),
        ),
      );
      for (const { connectionId } of [behindLock, endless, endlessRead, unansweredCommit]) {
        expect(connectionId).toBeGreaterThan(0);
        expect(ids).not.toContain(connectionId);
      }
    });
  });
});

/** MySQL calls the number a BIGINT, which arrives as text; MariaDB an INT. */
async function connectionIdOf(manager: EntityManager): Promise<number> {
  const [row] = await manager.query<{ id: number | string }[]>('SELECT CONNECTION_ID() AS id');
  return Number(row?.id);
}

/** Holds callers until that many have arrived. Later ones pass. */
function barrier(count: number): () => Promise<void> {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrived = 0;
  return () => {
    arrived += 1;
    if (arrived === count) {
      open();
    }
    return opened;
  };
}

/**
 * Whether no dead connection still holds the row. The server notices a lost client a moment later.
 */
async function isUnlocked(connection: Connection): Promise<boolean> {
  await connection.beginTransaction();
  try {
    await connection.query("SELECT * FROM tally WHERE name = 'a' FOR UPDATE NOWAIT");
    return true;
  } catch {
    return false;
  } finally {
    await connection.rollback();
  }
}
