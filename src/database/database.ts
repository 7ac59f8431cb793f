import { Injectable, Logger } from '@nestjs/common';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { asDomainError, CommitUnknownError, isConflict, isOutage } from './database-errors.js';
import { withDeadline } from './with-deadline.js';
import type { Lane, LaneUse } from './connection-lanes.js';
import { ConnectionPool, PoolBusyError, type PooledConnection } from './connection-pool.js';
import { waitForDatabase } from './wait-for-database.js';
import { Transaction } from './transaction.js';

/** A request reads once to verify, and reads or changes once: with bcrypt at most five seconds. */
const READ_DEADLINE_MS = 2_000;
const TRANSACTION_DEADLINE_MS = 2_500;
const CLOSE_DEADLINE_MS = 1_000;
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 10;
const PROBE_DEADLINE_MS = 1_000;

/** `busy`: no connection became free in time, so the database was not asked. */
export type DatabaseReachability = 'reachable' | 'busy' | 'unreachable';

/**
 * The only access to the database. Every use has a deadline, after which its connection is
 * destroyed, so that nothing hangs and no busy connection returns to the pool. Outages are
 * `UnavailableError`.
 *
 * Connections are shared by lanes (see `laneLimits`). The default lane is `control`, because a
 * flood of requests may exhaust that one without affecting verification and operators.
 */
@Injectable()
export class Database {
  private static readonly LOGGER = new Logger(Database.name);

  constructor(
    readonly dataSource: DataSource,
    private readonly pool = new ConnectionPool(dataSource),
    private readonly lane: Lane = 'control',
    private readonly organizationId: string | null = null,
  ) {}

  /** The same database on the connections of another lane. */
  over(lane: Lane): Database {
    return new Database(this.dataSource, this.pool, lane);
  }

  /** The same database for one organization, which shares its lane fairly with the others. */
  onBehalfOf(organizationId: string): Database {
    return new Database(this.dataSource, this.pool, this.lane, organizationId);
  }

  /** The maximum number of connections. */
  get poolSize(): number {
    return this.pool.lanes.size;
  }

  /** The current use of a lane. */
  useOf(lane: Lane): LaneUse {
    return this.pool.lanes.useOf(lane);
  }

  /**
   * Connects, and waits for a database that is not up yet. Called once, before anything else.
   * @throws UnavailableError when the database does not answer within `waitMs`
   */
  async connect(waitMs: number): Promise<void> {
    await waitForDatabase(this.dataSource, waitMs, (reason) => {
      Database.LOGGER.warn(`waiting for the database: ${reason}`);
    });
  }

  /** Reads outside a transaction. */
  async read<T>(work: (manager: EntityManager) => Promise<T>, deadlineMs = READ_DEADLINE_MS): Promise<T> {
    return this.within(performance.now() + deadlineMs, ({ runner }) => work(runner.manager));
  }

  /**
   * Runs the work in one transaction and commits it. Retries deadlocks and certification conflicts,
   * so the work may run several times and must act outside the transaction only by `onSettled`. All
   * attempts share one deadline.
   * @throws CommitUnknownError when the COMMIT was sent and not acknowledged
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const deadline = performance.now() + TRANSACTION_DEADLINE_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.transactOnce(work, deadline);
      } catch (error) {
        if (!(error instanceof UnavailableError && isConflict(error.cause)) || attempt === CONFLICT_ATTEMPTS) {
          throw error;
        }
        Database.LOGGER.debug(`transaction in conflict, attempt ${attempt}`);
        await new Promise((resolve) => setTimeout(resolve, CONFLICT_PAUSE_MS * attempt * (1 + Math.random())));
      }
    }
  }

  /**
   * Runs work of any duration, such as a migration. Its connection is destroyed afterwards, with
   * all that was set on it.
   */
  async withoutDeadline<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const connection = await this.pool.acquire(performance.now() + READ_DEADLINE_MS, this.lane, null);
    try {
      return await work(connection.runner);
    } catch (error) {
      throw asDomainError(error);
    } finally {
      connection.destroy('failed');
    }
  }

  /** Whether the database answers within a second. Never rejects. */
  async reachability(): Promise<DatabaseReachability> {
    try {
      await this.read((manager) => manager.query('SELECT 1'), PROBE_DEADLINE_MS);
      return 'reachable';
    } catch (error) {
      return error instanceof PoolBusyError ? 'busy' : 'unreachable';
    }
  }

  /**
   * Closes every connection. Never rejects. Not a Nest hook, because it must run after all of them:
   * they may still write.
   */
  async close(): Promise<void> {
    if (!this.dataSource.isInitialized) {
      return;
    }
    try {
      const tooLate = new UnavailableError({ detail: `the database took longer than ${CLOSE_DEADLINE_MS} ms` });
      await withDeadline(performance.now() + CLOSE_DEADLINE_MS, this.dataSource.destroy(), tooLate);
    } catch (error) {
      // The process is about to exit, and its sockets with it.
      Database.LOGGER.warn(error, 'the database connections could not be closed in order');
    }
  }

  private async transactOnce<T>(work: (transaction: Transaction) => Promise<T>, deadline: number): Promise<T> {
    let commitSent: Transaction | undefined;
    try {
      return await this.within(deadline, async (connection) => {
        const { runner } = connection;
        await runner.startTransaction();
        const transaction = new Transaction(runner.manager);
        const result = await finished(work, transaction, deadline).catch(async (error: unknown) => {
          await rollBack(connection, error);
          throw error;
        });
        commitSent = transaction;
        await runner.commitTransaction();
        return result;
      }).then((result) => {
        commitSent?.settle('committed');
        return result;
      });
    } catch (error) {
      if (commitSent !== undefined && error instanceof UnavailableError && !isConflict(error.cause)) {
        commitSent.settle('unknown');
        throw new CommitUnknownError(error.cause);
      }
      throw error;
    }
  }

  /** Acquires a connection for the work. Destroys it after the deadline or an outage. */
  private async within<T>(deadline: number, work: (connection: PooledConnection) => Promise<T>): Promise<T> {
    const allowedMs = Math.round(deadline - performance.now());
    const connection = await this.pool.acquire(deadline, this.lane, this.organizationId);
    const tooLate = new UnavailableError({ detail: `the database took longer than ${allowedMs} ms` });
    try {
      const result = await withDeadline(deadline, work(connection), tooLate);
      await connection.release();
      return result;
    } catch (error) {
      if (error === tooLate) {
        connection.destroy('timed out');
      } else if (isOutage(error) || error instanceof UnavailableError || connection.runner.isTransactionActive) {
        connection.destroy('failed');
      } else {
        await connection.release();
      }
      throw asDomainError(error);
    }
  }
}

/**
 * Runs the work and then the final statement. Throws after the deadline, when the process was
 * suspended and the caller has been refused.
 */
async function finished<T>(
  work: (transaction: Transaction) => Promise<T>,
  transaction: Transaction,
  deadline: number,
): Promise<T> {
  const result = await work(transaction);
  await transaction.finish();
  if (performance.now() >= deadline) {
    throw new UnavailableError({ detail: 'the transaction was past its deadline before COMMIT' });
  }
  return result;
}

/** Rolls back. If the connection is gone, the server does. */
async function rollBack(connection: PooledConnection, reason: unknown): Promise<void> {
  if (isOutage(reason) || !connection.runner.isTransactionActive) {
    return;
  }
  try {
    await connection.runner.rollbackTransaction();
  } catch {
    connection.destroy('failed');
  }
}
