import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../change-feed/change-feed.js';
import { KeyLoader, type Places } from './key-loader.js';

/** Between two readings: what comes within this time is read together. */
export const REFRESH_PAUSE_MS = 10;
/** Keys in one reading, or a tenth of what is due if that is more: who is verified meanwhile waits for all of them to be read and compiled. */
const AT_ONCE = 25;
const SHARE_AT_ONCE = 0.1;
const MOST_DUE = 2_000;
const PLACES: Places = { cached: 500, unknown: 0 };

/**
 * Reads facts anew that may still be used, in nobody's way: few at a time, with pauses, and whoever asks neither waits nor is told. What
 * finds no room is asked for again with the key's next use. Without the feed the few reads that there may be are for those who must wait for them.
 */
@Injectable()
export class CacheRevalidator {
  private readonly due = new Set<string>();
  private isRunning = false;

  constructor(
    private readonly loader: KeyLoader,
    private readonly feed: ChangeFeed,
  ) {}

  /** Takes note of facts that have become old. Costs next to nothing, for under load it is called many times for one key. */
  request(secretId: string): void {
    if (this.due.size < MOST_DUE) {
      this.due.add(secretId);
    }
    if (!this.isRunning) {
      this.isRunning = true;
      void this.run();
    }
  }

  private async run(): Promise<void> {
    while (this.due.size > 0) {
      await sleep(REFRESH_PAUSE_MS, undefined, { ref: false });
      if (this.feed.isFresh) {
        await this.readSome();
      } else {
        this.due.clear();
      }
    }
    this.isRunning = false;
  }

  private async readSome(): Promise<void> {
    const secretIds = [...this.due].slice(0, Math.max(AT_ONCE, this.due.size * SHARE_AT_ONCE));
    await Promise.allSettled(secretIds.map((secretId) => this.loader.load(secretId, PLACES)));
    // Only now: who uses a key meanwhile still finds what is old, and asks again.
    for (const secretId of secretIds) {
      this.due.delete(secretId);
    }
  }
}
