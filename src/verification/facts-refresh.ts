import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { FactsLoader, type Places } from './facts-loader.js';

/** Between two readings: what comes within this time is read together. */
export const REFRESH_PAUSE_MS = 10;
/** Keys in one reading, or a tenth of what is due if that is more: who is verified meanwhile waits for all of them to be read and compiled. */
const AT_ONCE = 25;
const SHARE_AT_ONCE = 0.1;
const MOST_DUE = 500;
const PLACES: Places = { cached: 500, unknown: 0 };

/**
 * Reads facts anew that may still be used, in nobody's way: few at a time, with pauses, and whoever asks neither waits nor is told. What
 * finds no room is asked for again with the key's next use.
 */
@Injectable()
export class FactsRefresh {
  private readonly due = new Set<string>();
  private isRunning = false;

  constructor(private readonly loader: FactsLoader) {}

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
      await Promise.allSettled(this.takeDue().map((secretId) => this.loader.load(secretId, PLACES)));
    }
    this.isRunning = false;
  }

  private takeDue(): string[] {
    const taken = [...this.due].slice(0, Math.max(AT_ONCE, this.due.size * SHARE_AT_ONCE));
    for (const secretId of taken) {
      this.due.delete(secretId);
    }
    return taken;
  }
}
