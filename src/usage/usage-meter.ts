import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ApiKeyId } from '../common/prefixed-id.js';
import { CommitUnknownError } from '../database/database-errors.js';
import { UsageCounts, type UsageBatch } from './usage-counts.js';
import { UsageStore } from './usage-store.js';

const FLUSH_INTERVAL_MS = 1_000;
/** Keys in one transaction: few enough that neither we nor the database keep others waiting for more than a moment. */
const KEYS_PER_WRITE = 250;
/** How long the last flush goes on trying: long enough for a server that restarts, short enough for whoever waits for the stop. */
const FINAL_DEADLINE_MS = 4_000;
const FINAL_PAUSE_MS = 100;

/**
 * Counts uses in memory and writes them once a second, and at shutdown. Counting never waits and never fails. A write that
 * fails is put back; one whose outcome is unknown is looked up before anything is written again.
 */
@Injectable()
export class UsageMeter implements OnApplicationShutdown {
  private readonly logger = new Logger(UsageMeter.name);
  private readonly pending = new UsageCounts();
  private sequence = 0;
  private inDoubt: { readonly sequence: number; readonly batch: UsageBatch } | undefined;
  private flushing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failing = false;
  /** Up to when all that was counted is written, by `performance.now()`. */
  private writtenUpToMs = performance.now();

  constructor(private readonly store: UsageStore) {}

  /** How many keys have counts that are not yet known to be written. */
  get backlog(): number {
    return this.pending.size + (this.inDoubt?.batch.length ?? 0);
  }

  /** How long ago everything that was counted was last written. */
  get ageMs(): number {
    return performance.now() - this.writtenUpToMs;
  }

  /** Begins to write once a second. */
  start(): void {
    this.timer ??= setInterval(() => {
      if (this.flushing === undefined) {
        void this.flush();
      }
    }, FLUSH_INTERVAL_MS).unref();
  }

  /** Counts one use of a key. */
  count(keyId: ApiKeyId, atMs: number): void {
    this.pending.add(keyId, 1, Math.floor(atMs / 1_000));
  }

  /** Writes what has been counted until now. Never rejects: what could not be written stays counted. One flush runs at a time. */
  async flush(): Promise<void> {
    // One that runs already leaves out what was counted since it began.
    await this.flushing;
    this.flushing ??= this.writeAll().finally(() => {
      this.flushing = undefined;
    });
    await this.flushing;
  }

  /** The last flush: the listeners are closed by now, and the database is let go only after every such hook. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
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

  private async writeAll(): Promise<void> {
    const begunMs = performance.now();
    try {
      await this.settleDoubt();
      for (const batch of this.pending.take(KEYS_PER_WRITE)) {
        await this.write(batch);
      }
      this.writtenUpToMs = begunMs;
      this.failing = false;
    } catch (error) {
      if (!this.failing) {
        this.logger.warn(error, 'usage counts could not be written; they are kept and tried again');
      }
      this.failing = true;
    }
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
