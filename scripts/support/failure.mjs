/** An expected failure. Its text says what is wrong and how to fix it; no stack is shown. */
export class Failure extends Error {
  /** @override */
  name = 'Failure';
}

/** The script was asked to stop while it was working. */
export class Stopped extends Error {
  /** @override */
  name = 'Stopped';
}

/**
 * The code of a system error, "ENOENT", or undefined.
 *
 * @param {unknown} error
 */
export function errorCode(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
