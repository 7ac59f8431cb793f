import { Injectable, Logger } from '@nestjs/common';
import { BackgroundTasks } from '../background/background-tasks.js';
import { Database } from '../database/database.js';

/** An instance that was cut off for half of this empties its cache, and reads no older entry. */
const KEPT_SECONDS = 3_600;
const INTERVAL_MS = 300_000;
/** Small, so that no lock is held long. What is left is for the next run. */
const ROWS_PER_DELETE = 1_000;
const DELETES_PER_RUN = 100;

/**
 * Removes the change-log entries that no instance reads any more. The newest of these stays: it may
 * be the cursor of an instance, which detects a restored database by a missing cursor.
 */
@Injectable()
export class ChangeLogPruner {
  private readonly logger = new Logger(ChangeLogPruner.name);
  private readonly database: Database;

  constructor(database: Database, tasks: BackgroundTasks) {
    this.database = database.over('system');
    tasks.add({
      intervalMs: INTERVAL_MS,
      jitter: 0.5,
      logger: this.logger,
      failureMessage: 'old change-log entries could not be removed; the next run tries again',
      run: async (signal) => {
        this.logger.debug(`${await this.prune(signal)} old change-log entries removed`);
      },
    });
  }

  /** Prunes once, in small steps. @returns the number of entries removed */
  async prune(signal?: AbortSignal): Promise<number> {
    const newestOld = await this.newestOld();
    let removed = 0;
    for (let i = 0; i < DELETES_PER_RUN && newestOld !== null && signal?.aborted !== true; i++) {
      const step = await this.removeSome(newestOld);
      removed += step;
      if (step < ROWS_PER_DELETE) {
        break;
      }
    }
    return removed;
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
