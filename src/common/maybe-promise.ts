/**
 * What is there at once, or comes later as one of the language's own promises. Waiting for one
 * takes longer than most of what the endpoints for services do.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value: now, if it is there. */
export function thenMaybe<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
