import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../change-feed/change-feed.js';
import { KeyLoader, type Places } from './key-loader.js';

/** The pause between two batches. Entries requested within it are read together. */
export const REFRESH_PAUSE_MS = 10;
/**
 * Keys in one batch, or a tenth of those due if that is more. Small, because verifications wait
 * while a batch is compiled.
 */
const AT_ONCE = 25;
const SHARE_AT_ONCE = 0.1;
const MAX_DUE = 2_000;
const PLACES: Places = { cached: 500, unknown: 0 };

/**
 * Revalidates stale cache entries in the background, in small batches. Callers never wait and never
 * see an error. An entry that does not fit is requested again at its next use. Pauses while the
 * change feed is down, when the few permitted reads belong to waiting callers.
 */
@Injectable()
export class CacheRevalidator {
  private readonly due = new Set<string>();
  private isRunning = false;

  constructor(
    private readonly loader: KeyLoader,
    private readonly feed: ChangeFeed,
  ) {}

  /** Queues an entry. Cheap, because under load it is called many times for one key. */
  request(secretId: string): void {
    if (this.due.size < MAX_DUE) {
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
    // Removed afterwards, because a use in between finds the stale entry and requests it again.
    for (const secretId of secretIds) {
      this.due.delete(secretId);
    }
  }
}
