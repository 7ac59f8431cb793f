import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';

/**
 * The database's time, as last heard, plus what has passed since on the monotonic clock. Expiry is judged on it, so that this
 * machine's own idea of the time, however wrong, lengthens no key's life. It never lags behind the database.
 */
@Injectable()
export class DatabaseClock {
  private heard: { readonly databaseMs: number; readonly atMs: number } | undefined;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @param askedAtMs when the database was asked, on the monotonic clock: before it answered, so that the time errs ahead */
  observe(databaseMs: number, askedAtMs: number): void {
    if (this.heard === undefined || askedAtMs > this.heard.atMs) {
      this.heard = { databaseMs, atMs: askedAtMs };
    }
  }

  /** Milliseconds since the epoch. Throws a TypeError before anything was heard: no facts can be there then either. */
  nowMs(): number {
    return this.msAt(this.clock.monotonicMs());
  }

  /** What `nowMs` says at a moment of the monotonic clock: for who has just read it, for that takes a while, too. */
  msAt(monotonicMs: number): number {
    if (this.heard === undefined) {
      throw new TypeError('the database has not said what time it is');
    }
    return this.heard.databaseMs + (monotonicMs - this.heard.atMs);
  }
}
