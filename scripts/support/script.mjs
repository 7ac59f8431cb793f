/* global AbortController */
import { constants } from 'node:os';
import { errorCode, Failure, Stopped } from './failure.mjs';

/** @type {NodeJS.Signals[]} */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * Runs a script: turns signals into `stop`, prints a failure as plain text, and exits.
 *
 * @param {(stop: AbortSignal) => Promise<number>} main returns the exit code. `stop.reason` is the
 *   name of the signal
 * @param {{ exitCodeWhenStopped?: number }} [options] the exit code after a stop that interrupts
 *   `main`. Default: 128 + the signal's number, as in a shell
 */
export async function runScript(main, { exitCodeWhenStopped } = {}) {
  // A reader that closes its pipe (`npm start | head`) or a closed terminal must not end the script
  // before it has stopped what it runs.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const stop = listenForStop();
  let code;
  try {
    code = await main(stop);
  } catch (error) {
    code = stop.aborted && error instanceof Stopped ? (exitCodeWhenStopped ?? 128 + signalNumber(stop)) : 1;
    if (error instanceof Failure) console.error(`\n${error.message}`);
    else if (!(error instanceof Stopped)) console.error(describeDenial(error) ?? error);
  }
  process.exit(code);
}

/** Only the first signal counts: one Ctrl-C arrives twice, from the terminal and through npm. */
function listenForStop() {
  const controller = new AbortController();
  for (const name of STOP_SIGNALS) process.on(name, () => controller.abort(name));
  if (process.env.npm_lifecycle_event !== undefined) stopWithParent(controller);
  return controller.signal;
}

/**
 * Stops the script when npm, or the shell between, is killed: no signal would reach the script.
 *
 * @param {AbortController} controller
 */
function stopWithParent(controller) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) controller.abort('SIGTERM');
  }, 500).unref();
}

/** @param {AbortSignal} stop */
function signalNumber({ reason }) {
  return constants.signals[/** @type {NodeJS.Signals} */ (reason)];
}

/**
 * @param {unknown} error
 * @returns {string | undefined} undefined if it is another error
 */
function describeDenial(error) {
  if (errorCode(error) !== 'EACCES' || !(error instanceof Error && 'path' in error)) return undefined;
  return (
    `\nPermission denied: ${error.path}. It probably belongs to root because a script was run as root before. ` +
    `Run as root again, or take the ownership while no script runs: sudo chown -R "$(id -u)" .`
  );
}
