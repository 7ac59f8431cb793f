import type { EntityManager } from 'typeorm';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { utcNow } from './utc-now.js';

/** What happened to a transaction once its COMMIT was sent. */
export type Settled = 'committed' | 'unknown';

/** A transaction under way. It is cut after a few seconds: do nothing slow inside. */
export class Transaction {
  private readonly listeners: ((settled: Settled) => void)[] = [];
  private finalStatement: (() => Promise<unknown>) | undefined;
  private isFinishing = false;

  constructor(readonly manager: EntityManager) {}

  /** The database's time at this moment, UTC. Ask after taking locks: waiting for one takes time. */
  now(): Promise<MysqlDateTime> {
    return utcNow(this.manager);
  }

  /**
   * Lets no two transactions that name the same thing run at the same time: from here on this one is alone, and sees all that
   * the others have done. By writing a common row, for on Galera a mere lock holds on one node alone.
   */
  async serialize(name: string): Promise<void> {
    await this.manager.query(
      `INSERT INTO settings (name, value, updated_at) VALUES (?, UUID(), UTC_TIMESTAMP())
       ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`,
      [`alone.${name}`],
    );
  }

  /**
   * Registers the last statement before COMMIT: it runs after the work, whatever that does in
   * between.
   * @throws Error when there is one already, because only one can be the last, or when the work has
   * ended
   */
  beforeCommit(statement: () => Promise<unknown>): void {
    if (this.isFinishing || this.finalStatement !== undefined) {
      throw new Error('a transaction has one final statement, registered before its work ends');
    }
    this.finalStatement = statement;
  }

  /** Calls back once the COMMIT has gone out, before the caller's promise settles; never after a rollback. */
  onSettled(listener: (settled: Settled) => void): void {
    this.listeners.push(listener);
  }

  /** For the transaction helper alone: runs the final statement, if one was registered. */
  async finish(): Promise<void> {
    this.isFinishing = true;
    await this.finalStatement?.();
  }

  /** For the transaction helper alone. */
  settle(settled: Settled): void {
    for (const listener of this.listeners) {
      listener(settled);
    }
  }
}
