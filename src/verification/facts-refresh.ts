import { Injectable } from '@nestjs/common';
import { FactsLoader, type Places } from './facts-loader.js';

/** What comes within this time is read together: a query for each key would cost the database, and us, many times as much. */
export const REFRESH_GATHERING_MS = 50;
const MOST_AT_ONCE = 500;
const PLACES: Places = { cached: MOST_AT_ONCE, unknown: 0 };

/**
 * Reads facts anew that may still be used, in nobody's way: some of them at a time, and whoever asks neither waits nor is told. What finds no
 * room is asked for again with the key's next use.
 */
@Injectable()
export class FactsRefresh {
  private readonly due = new Set<string>();
  private isRunning = false;

  constructor(private readonly loader: FactsLoader) {}

  /** Takes note of facts that have become old. Costs next to nothing, for under load it is called many times for one key. */
  request(secretId: string): void {
    if (this.due.size < MOST_AT_ONCE) {
      this.due.add(secretId);
    }
    if (!this.isRunning) {
      this.isRunning = true;
      setTimeout(() => void this.run(), REFRESH_GATHERING_MS).unref();
    }
  }

  private async run(): Promise<void> {
    const secretIds = [...this.due];
    this.due.clear();
    await Promise.allSettled(secretIds.map((secretId) => this.loader.load(secretId, PLACES)));
    this.isRunning = false;
  }
}
