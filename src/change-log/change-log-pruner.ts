import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Instances that were away for longer than half of this start over, and ask for no older entry. */
const KEPT_SECONDS = 3_600;
const INTERVAL_MS = 300_000;
/** Small, so that no lock is held long; what is left is for the next one. */
const ROWS_PER_DELETE = 1_000;
const DELETES_PER_RUN = 100;

/**
 * Removes the entries that nobody asks for any more. The newest of those always stays: it may still be the last one that an
 * instance knows, which tells by it that the database was not put back to an earlier state.
 */
@Injectable()
export class ChangeLogPruner implements OnApplicationShutdown {
  private readonly logger = new Logger(ChangeLogPruner.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  private readonly database: Database;

  constructor(database: Database) {
    this.database = database.over('system');
  }

  /** Prunes every few minutes from now on; not at the same moments as the other instances. */
  start(): void {
    this.running ??= this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Prunes once, in small steps. How many entries were removed. */
  async prune(): Promise<number> {
    const newestOld = await this.newestOld();
    let removed = 0;
    for (let i = 0; i < DELETES_PER_RUN && newestOld !== null && !this.stopping.signal.aborted; i++) {
      const step = await this.removeSome(newestOld);
      removed += step;
      if (step < ROWS_PER_DELETE) {
        break;
      }
    }
    return removed;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const isTime = () => sleep(INTERVAL_MS * (0.5 + Math.random()), true, { signal, ref: false }).catch(() => false);
    while (await isTime()) {
      await this.pruneIfPossible();
    }
  }

  private async pruneIfPossible(): Promise<void> {
    try {
      const removed = await this.prune();
      this.logger.debug(`${removed} old change-log entries removed`);
    } catch (error) {
      this.logger.warn(error, 'old change-log entries could not be removed; that is tried again');
    }
  }

  private async newestOld(): Promise<number | string | null> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ id: number | string | null }[]>(
        `SELECT MAX(id) AS id FROM key_changes WHERE created_at < UTC_TIMESTAMP(3) - INTERVAL ${KEPT_SECONDS} SECOND`,
      ),
    );
    return row?.id ?? null;
  }

  private removeSome(beforeId: number | string): Promise<number> {
    return this.database.transaction(async ({ manager }) => {
      const { affectedRows } = await manager.query<{ affectedRows: number }>(
        `DELETE FROM key_changes
          WHERE id < ? AND created_at < UTC_TIMESTAMP(3) - INTERVAL ${KEPT_SECONDS} SECOND
          ORDER BY id LIMIT ${ROWS_PER_DELETE}`,
        [beforeId],
      );
      return affectedRows;
    });
  }
}
