import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';

/**
 * How long a failed read proves an outage. Longer than a read plus the pause between two, so that
 * an outage under traffic always has a recent failure.
 */
const EVIDENCE_MS = 1_500;
/** The deadline of a read. */
const MAX_WAIT_MS = 1_000;

/**
 * Detects that the database cannot be reached, by the outcome of the last reads. A failing change
 * feed alone is no proof, because it has a connection of its own.
 */
@Injectable()
export class OutageDetector {
  private reachedAtMs = -Infinity;
  private failedAtMs = -Infinity;
  private failureSeenMs = -Infinity;
  private listeners: (() => void)[] = [];

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @param startedMs when the read was sent, on the monotonic clock */
  succeeded(startedMs: number): void {
    this.reachedAtMs = Math.max(this.reachedAtMs, startedMs);
    this.notify();
  }

  /** @param startedMs when the read was sent, on the monotonic clock */
  failed(startedMs: number): void {
    this.failedAtMs = Math.max(this.failedAtMs, startedMs);
    this.failureSeenMs = this.clock.monotonicMs();
    this.notify();
  }

  /**
   * Whether the most recent read failed, not long ago, and no read sent after `reachedMs`
   * succeeded.
   * @param reachedMs on the monotonic clock
   */
  isOutageSince(reachedMs: number): boolean {
    return (
      this.failedAtMs > Math.max(this.reachedAtMs, reachedMs) &&
      this.clock.monotonicMs() - this.failureSeenMs <= EVIDENCE_MS
    );
  }

  /** Resolves when the next read has succeeded or failed, or after a second. */
  nextOutcome(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, MAX_WAIT_MS);
      this.listeners.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** The number of callers that wait for the next outcome. */
  get waiting(): number {
    return this.listeners.length;
  }

  private notify(): void {
    const { listeners } = this;
    this.listeners = [];
    for (const listener of listeners) {
      listener();
    }
  }
}
