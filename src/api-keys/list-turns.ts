import { UnavailableError } from '../common/unavailable-error.js';

/** Pages that are read and put together at the same time. Each takes about 15 ms of the one thread if its keys are large. */
const AT_ONCE = 2;
const MOST_WAITING = 256;

/**
 * Lets few pages be put together at a time, in the order of their requests: with many at once, each turn of the event loop would go through
 * some milliseconds of work for every one of them, and verifications wait for a turn to end.
 */
export class ListTurns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** Runs the work when its turn comes. @throws UnavailableError when too many wait */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < AT_ONCE) {
      this.running++;
    } else {
      await this.turn();
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) {
        this.running--;
      } else {
        // The place is handed over.
        next();
      }
    }
  }

  private turn(): Promise<void> {
    if (this.waiting.length >= MOST_WAITING) {
      throw new UnavailableError({ detail: `${MOST_WAITING} lists are waiting to be read` });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
