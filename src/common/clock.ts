/** Where time comes from: a collaborator, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds that only ever grow, from an arbitrary start: for ages and deadlines. */
  monotonicMs(): number;
}

/** The token under which the clock is injected. */
export const CLOCK = Symbol('clock');

/** What the wall clock may be put forward by without its being taken for time that passed. */
const TOLERATED_STEP_MS = 500;

/**
 * The machine's own. Node's monotonic clock stands still while the machine sleeps, or is a virtual
 * one that was paused; the wall clock, put right afterwards, tells: what it jumps ahead by has
 * passed. If it was merely wrong before, things seem older than they are, which is harmless.
 */
export class SystemClock implements Clock {
  private sleptMs = 0;
  private offsetMs: number;

  constructor(
    private readonly runningMs: () => number = () => performance.now(),
    private readonly wallMs: () => number = () => Date.now(),
  ) {
    this.offsetMs = wallMs() - runningMs();
  }

  monotonicMs(): number {
    const runningMs = this.runningMs();
    const offsetMs = this.wallMs() - runningMs;
    const stepMs = offsetMs - this.offsetMs;
    if (stepMs > TOLERATED_STEP_MS) {
      this.sleptMs += stepMs;
    }
    this.offsetMs = offsetMs;
    return runningMs + this.sleptMs;
  }
}
