import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';

/** Longer than a read may take, and than the pause between two: in an outage under traffic there is always a failure that is younger. */
const EVIDENCE_MS = 1_500;
/** Reads end within a second. */
const LONGEST_WAIT_MS = 1_000;

/**
 * Whether reads get through to the database, by those that were tried last. That the change feed does not is no proof: it has
 * a connection of its own.
 */
@Injectable()
export class OutageDetector {
  private reachedAtMs = -Infinity;
  private failedAtMs = -Infinity;
  private failureHeardMs = -Infinity;
  private listeners: (() => void)[] = [];

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @param startedMs when the read was sent, on the monotonic clock */
  succeeded(startedMs: number): void {
    this.reachedAtMs = Math.max(this.reachedAtMs, startedMs);
    this.tell();
  }

  /** @param startedMs when the read was sent, on the monotonic clock */
  failed(startedMs: number): void {
    this.failedAtMs = Math.max(this.failedAtMs, startedMs);
    this.failureHeardMs = this.clock.monotonicMs();
    this.tell();
  }

  /** Whether the last read that was sent, and not long ago, failed; none that began later than `reachedMs` may have succeeded. */
  isOutageSince(reachedMs: number): boolean {
    return (
      this.failedAtMs > Math.max(this.reachedAtMs, reachedMs) &&
      this.clock.monotonicMs() - this.failureHeardMs <= EVIDENCE_MS
    );
  }

  /** Resolves when the next read has ended, one way or the other, or when it is too late to wait for one. */
  nextOutcome(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LONGEST_WAIT_MS);
      this.listeners.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** How many wait for the next outcome. */
  get waiting(): number {
    return this.listeners.length;
  }

  private tell(): void {
    const { listeners } = this;
    this.listeners = [];
    for (const listener of listeners) {
      listener();
    }
  }
}
