/**
 * Lets a fixed number in at a time, the others in the order in which they came. Unlike the queue in mysql2's pool, one who has
 * waited too long is taken out of it: an outage leaves nothing behind that would be served before the living when it is over.
 */
export class Turnstile {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /** Whether the caller got in before the deadline; who did must leave. */
  async enter(deadlineMs: number): Promise<boolean> {
    if (this.free > 0) {
      this.free--;
      return true;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(admit);
        resolve(false);
      }, deadlineMs);
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
