import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { BackgroundTasks } from '../background/background-tasks.js';
import type { PeriodicTask } from '../background/periodic-task.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import { CommitUnknownError } from '../database/database-errors.js';
import { UsageCounts, type UsageBatch } from './usage-counts.js';
import { UsageStore } from './usage-store.js';

const FLUSH_INTERVAL_MS = 1_000;
/** Keys in one transaction: few, so that neither this process nor the database delays others. */
const KEYS_PER_WRITE = 250;
/**
 * How long the last flush retries: long enough for a restarting server, within the time of a stop.
 */
const FINAL_DEADLINE_MS = 4_000;
const FINAL_PAUSE_MS = 100;

/**
 * Counts uses in memory and writes them once a second, and at shutdown. Counting never waits and
 * never fails. The counts of a failed write are added to the next one. When the outcome of a write
 * is unknown, it is looked up before the next write, so that no use is counted twice.
 */
@Injectable()
export class UsageMeter implements OnApplicationShutdown {
  private readonly logger = new Logger(UsageMeter.name);
  private readonly pending = new UsageCounts();
  private sequence = 0;
  private inDoubt: { readonly sequence: number; readonly batch: UsageBatch } | undefined;
  private flushing: Promise<void> | undefined;
  private readonly task: PeriodicTask;
  /** Every use before this moment, on the monotonic clock, is written. */
  private writtenUpToMs = performance.now();

  constructor(
    private readonly store: UsageStore,
    tasks: BackgroundTasks,
  ) {
    this.task = tasks.add({
      intervalMs: FLUSH_INTERVAL_MS,
      logger: this.logger,
      failureMessage: 'usage counts could not be written; they are kept and written later',
      run: () => this.writePending(),
    });
  }

  /** The number of keys with counts that are not known to be written. */
  get backlog(): number {
    return this.pending.size + (this.inDoubt?.batch.length ?? 0);
  }

  /** The age of the oldest count that may be unwritten. */
  get ageMs(): number {
    return performance.now() - this.writtenUpToMs;
  }

  /** Counts one use of a key. */
  count(keyId: ApiKeyId, atMs: number): void {
    this.pending.add(keyId, 1, Math.floor(atMs / 1_000));
  }

  /** Writes everything counted so far. Never rejects: what could not be written stays counted. */
  async flush(): Promise<void> {
    await this.writePending().catch((error: unknown) => {
      this.logger.debug(error, 'usage counts could not be written; they are kept');
    });
  }

  /**
   * Writes the last counts. Both listeners are closed before the shutdown hooks run, and the
   * database is closed after them.
   */
  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    const deadline = performance.now() + FINAL_DEADLINE_MS;
    await this.flush();
    while (this.backlog > 0 && performance.now() < deadline) {
      await sleep(FINAL_PAUSE_MS);
      await this.flush();
    }
    if (this.backlog > 0) {
      this.logger.error(`the counts of ${this.backlog} keys could not be written and are lost`);
    } else if (this.sequence > 0) {
      await this.store.close().catch(() => undefined);
    }
  }

  /** One write runs at a time. A write leaves out what is counted after it began. */
  private async writePending(): Promise<void> {
    await this.flushing?.catch(() => undefined);
    this.flushing ??= this.writeAll().finally(() => {
      this.flushing = undefined;
    });
    await this.flushing;
  }

  private async writeAll(): Promise<void> {
    const startedMs = performance.now();
    await this.settleDoubt();
    for (const batch of this.pending.take(KEYS_PER_WRITE)) {
      await this.write(batch);
    }
    this.writtenUpToMs = startedMs;
  }

  private async write(batch: UsageBatch): Promise<void> {
    const sequence = ++this.sequence;
    try {
      await this.store.write(sequence, batch);
    } catch (error) {
      if (error instanceof CommitUnknownError) {
        this.inDoubt = { sequence, batch };
      } else {
        this.pending.putBack(batch);
      }
      throw error;
    }
  }

  private async settleDoubt(): Promise<void> {
    if (this.inDoubt === undefined) {
      return;
    }
    const { sequence, batch } = this.inDoubt;
    const written = await this.store.isWritten(sequence);
    this.inDoubt = undefined;
    if (!written) {
      this.pending.putBack(batch);
    }
  }
}
