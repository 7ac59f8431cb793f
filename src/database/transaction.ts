import type { EntityManager } from 'typeorm';
import { parseMysqlDateTime, type MysqlDateTime } from '../common/mysql-datetime.js';

/** The outcome of a transaction whose COMMIT was sent. */
export type Settled = 'committed' | 'unknown';

/** A running transaction. It is aborted after a few seconds, so it must do nothing slow. */
export class Transaction {
  private readonly listeners: ((settled: Settled) => void)[] = [];
  private finalStatement: (() => Promise<unknown>) | undefined;
  private isFinishing = false;

  constructor(readonly manager: EntityManager) {}

  /** See `utcNow`. Call it after the locks are acquired, because waiting for a lock takes time. */
  now(): Promise<MysqlDateTime> {
    return utcNow(this.manager);
  }

  /**
   * Excludes every other transaction that passes the same name, from here to the end, and sees all
   * changes of those before it. Writes a common row, because on Galera a lock alone excludes on one
   * node only.
   */
  async serialize(name: string): Promise<void> {
    await this.manager.query(
      `INSERT INTO settings (name, value, updated_at) VALUES (?, UUID(), UTC_TIMESTAMP())
       ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`,
      [`alone.${name}`],
    );
  }

  /**
   * Registers the last statement before COMMIT. It runs after the work, whatever the work does in
   * between.
   * @throws Error if there is one already, because only one can be the last, or if the work has
   * ended
   */
  beforeCommit(statement: () => Promise<unknown>): void {
    if (this.isFinishing || this.finalStatement !== undefined) {
      throw new Error('a transaction has one final statement, registered before its work ends');
    }
    this.finalStatement = statement;
  }

  /**
   * Calls back once the COMMIT has been sent, before the caller's promise settles. Never after a
   * rollback.
   */
  onSettled(listener: (settled: Settled) => void): void {
    this.listeners.push(listener);
  }

  /** For `Database` only: runs the final statement, if one was registered. */
  async finish(): Promise<void> {
    this.isFinishing = true;
    await this.finalStatement?.();
  }

  /** For `Database` only. */
  settle(settled: Settled): void {
    for (const listener of this.listeners) {
      listener(settled);
    }
  }
}

/** The database's time, UTC, to the second. Inside a transaction and outside. */
export async function utcNow(manager: EntityManager): Promise<MysqlDateTime> {
  const [row] = await manager.query<{ now: string }[]>('SELECT UTC_TIMESTAMP() AS now');
  const now = parseMysqlDateTime(row?.now ?? '');
  if (now === null) {
    throw new TypeError('the server did not return its time');
  }
  return now;
}
