import { Injectable, Logger } from '@nestjs/common';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { asDomainError, CommitUnknownError, isConflict, isOutage } from './database-errors.js';
import { discard, lease } from './lease.js';
import { waitForDatabase } from './wait-for-database.js';
import { Transaction } from './transaction.js';

const READ_DEADLINE_MS = 3_000;
const TRANSACTION_DEADLINE_MS = 5_000;
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 10;

/**
 * The one way to the database. Every use has a deadline of its own, past which the connection is destroyed, so that
 * nothing hangs and no busy connection goes back to the pool. Outages are `UnavailableError`.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name);

  constructor(readonly dataSource: DataSource) {}

  /**
   * Connects, waiting for a database that is not up yet. Call it once, before anything else.
   * @throws UnavailableError when the database does not answer within `waitMs`
   */
  async connect(waitMs: number): Promise<void> {
    await waitForDatabase(this.dataSource, waitMs, (reason) => {
      this.logger.warn(`waiting for the database: ${reason}`);
    });
  }

  /** Reads outside a transaction. */
  async read<T>(work: (manager: EntityManager) => Promise<T>, deadlineMs = READ_DEADLINE_MS): Promise<T> {
    return this.within(deadlineMs, (runner) => work(runner.manager));
  }

  /**
   * Runs the work in one transaction and commits it. Deadlocks and certification conflicts are tried again, so the work
   * may run several times: it must not act outside the transaction but through `onSettled`.
   * @throws CommitUnknownError when the COMMIT was sent and no answer came
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.transactOnce(work);
      } catch (error) {
        if (!(error instanceof UnavailableError && isConflict(error.cause)) || attempt === CONFLICT_ATTEMPTS) {
          throw error;
        }
        this.logger.debug(`transaction in conflict, attempt ${attempt}`);
        await new Promise((resolve) => setTimeout(resolve, CONFLICT_PAUSE_MS * attempt * (1 + Math.random())));
      }
    }
  }

  /** Whether the database answers within a second. */
  async isReachable(): Promise<boolean> {
    try {
      await this.read((manager) => manager.query('SELECT 1'), 1_000);
      return true;
    } catch {
      return false;
    }
  }

  /** Lets every connection go. Not a Nest hook: it must come after the hooks of all others, who may write until then. */
  async close(): Promise<void> {
    if (this.dataSource.isInitialized) {
      await this.dataSource.destroy();
    }
  }

  private async transactOnce<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    let commitSent: Transaction | undefined;
    try {
      return await this.within(TRANSACTION_DEADLINE_MS, async (runner) => {
        await runner.startTransaction();
        const transaction = new Transaction(runner.manager);
        const result = await work(transaction).catch(async (error: unknown) => {
          await rollBack(runner, error);
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

  /** Leases a connection, works, gives it back; past the deadline, or after an outage, the connection is destroyed instead. */
  private async within<T>(deadlineMs: number, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const deadline = Date.now() + deadlineMs;
    const runner = await lease(this.dataSource, deadlineMs);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        discard(runner);
        reject(new UnavailableError({ detail: `the database took longer than ${deadlineMs} ms` }));
      }, deadline - Date.now());
    });
    try {
      const result = await Promise.race([work(runner), tooLate]);
      await runner.release();
      return result;
    } catch (error) {
      if (isOutage(error) || error instanceof UnavailableError || runner.isTransactionActive) {
        discard(runner);
      } else {
        await runner.release();
      }
      throw asDomainError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Rolls back unless the connection is gone, in which case the server does. */
async function rollBack(runner: QueryRunner, reason: unknown): Promise<void> {
  if (isOutage(reason) || !runner.isTransactionActive) {
    return;
  }
  try {
    await runner.rollbackTransaction();
  } catch {
    discard(runner);
  }
}
