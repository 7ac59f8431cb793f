let out = process.stdout;

/** Moves the progress lines to standard error, for commands whose standard output is an answer. */
export function reportOnStandardError() {
  out = process.stderr;
}

/** @param {string} text one line for the reader */
export function say(text) {
  out.write(`${text}\n`);
}

/**
 * Does something that takes a while, says so before, and says afterwards how long it took.
 * Plain lines, no cursor games: they read the same in a terminal, a pipe and a CI log, and may overlap.
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
