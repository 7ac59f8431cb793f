/** @type {NodeJS.WritableStream} */
let out = process.stdout;

/** Prints progress on standard error, for commands whose standard output is a result. */
export function reportOnStandardError() {
  out = process.stderr;
}

/** @param {string} text */
export function say(text) {
  out.write(`${text}\n`);
}

/**
 * Runs `work`, prints a line before it and one with its duration after it. Plain lines without
 * cursor control look the same in a terminal, a pipe and a CI log, and steps may overlap.
 *
 * @template T
 * @param {string} doing "Building the service"
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(doing, work) {
  const begun = performance.now();
  say(`→ ${doing} …`);
  const result = await work();
  say(`✓ ${doing}: ${secondsSince(begun)}`);
  return result;
}

/** @param {number} begun from `performance.now()` */
export function secondsSince(begun) {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}
