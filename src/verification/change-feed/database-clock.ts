import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';

/**
 * The database's time: the last value received, plus the time since on the monotonic clock. Expiry
 * is checked against it, so that a wrong local clock extends no key's life. It never lags behind
 * the database.
 */
@Injectable()
export class DatabaseClock {
  private observed: { readonly databaseMs: number; readonly atMs: number } | undefined;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /**
   * @param askedAtMs when the query was sent, on the monotonic clock, so that the result errs ahead
   */
  observe(databaseMs: number, askedAtMs: number): void {
    if (this.observed === undefined || askedAtMs > this.observed.atMs) {
      this.observed = { databaseMs, atMs: askedAtMs };
    }
  }

  /**
   * Milliseconds since the epoch.
   * @throws TypeError before the first value, when no key is loaded
   */
  nowMs(): number {
    return this.msAt(this.clock.monotonicMs());
  }

  /** `nowMs()` for a reading of the monotonic clock that the caller already has. */
  msAt(monotonicMs: number): number {
    if (this.observed === undefined) {
      throw new TypeError('the time of the database is not known yet');
    }
    return this.observed.databaseMs + (monotonicMs - this.observed.atMs);
  }
}
