/**
 * A value, or a native promise of it. A function that returns it avoids the cost of a promise when
 * the value is available at once. perf: docs/performance.md#measured-and-below-3-
 */
export type MaybePromise<T> = T | Promise<T>;

/** Calls `next` with the value, immediately if it is available. */
export function thenMaybe<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
