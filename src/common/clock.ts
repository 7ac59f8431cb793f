/** Where time comes from: a collaborator, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds that only ever grow, from an arbitrary start: for ages and deadlines. */
  monotonicMs(): number;
}

/** The token under which the clock is injected. */
export const CLOCK = Symbol('clock');

/** The machine's own. */
export const systemClock: Clock = { monotonicMs: () => performance.now() };
