/**
 * What is there at once, or comes later as one of the language's own promises. Waiting for one takes longer than most of what the doors
 * for services do.
 */
export type Soon<T> = T | Promise<T>;

/** Goes on with a value: now, if it is there. */
export function whenThere<T, U>(value: Soon<T>, next: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
