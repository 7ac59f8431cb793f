/**
 * Lets a fixed number in at a time, the others in the order in which they came. Unlike the queue in mysql2's pool, one who has
 * waited too long is taken out of it: an outage leaves nothing behind that would be served before the living when it is over.
 */
export class Turnstile {
  private readonly waiting = new Set<() => void>();

  private free: number;

  constructor(readonly places: number) {
    this.free = places;
  }

  /** How many are inside. */
  get inside(): number {
    return this.places - this.free;
  }

  /** How many wait to get in. */
  get queued(): number {
    return this.waiting.size;
  }

  /** Whether the caller got in before the wait was over; who did must leave. */
  async enter(waitMs: number): Promise<boolean> {
    if (this.free > 0) {
      this.free--;
      return true;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(admit);
        resolve(false);
      }, waitMs);
      const admit = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.waiting.add(admit);
    });
  }

  /** Lets the next one in. */
  leave(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.free++;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
