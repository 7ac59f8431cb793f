/** The source of time, injected so that a test can control it. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never decreasing: for ages and deadlines. */
  monotonicMs(): number;
}

/** The token of the clock. */
export const CLOCK = Symbol('clock');

/** A larger step of the wall clock counts as time that passed. */
const TOLERATED_STEP_MS = 500;

/**
 * The clock of the machine. Node's monotonic clock stops while the machine sleeps or a virtual
 * machine is paused. The wall clock is corrected afterwards, so a step forward counts as time that
 * passed. If the wall clock was merely wrong before, ages are too large, which is safe.
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
