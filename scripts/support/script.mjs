/* global AbortController */
import { constants } from 'node:os';
import { setInterval as every } from 'node:timers';
import { Failure, Stopped } from './failure.mjs';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * Runs a script from begin to end: hears the signals that ask it to stop, prints a failure as plain text, and exits.
 *
 * @param {(stop: AbortSignal) => Promise<number>} main gives the exit code. `stop.reason` is the name of the signal.
 * @param {{ exitCodeWhenStopped?: number }} [options] what a stop before the end of `main` means; 128 + the signal's
 *   number if not said, as the shell has it
 */
export async function runScript(main, { exitCodeWhenStopped } = {}) {
  // A reader that went away (`npm start | head`) or a closed terminal is no reason to leave a database running.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const stop = listenForStop();
  let code;
  try {
    code = await main(stop);
  } catch (error) {
    code = stop.aborted && error instanceof Stopped ? (exitCodeWhenStopped ?? 128 + constants.signals[stop.reason]) : 1;
    if (error instanceof Failure) console.error(`\n${error.message}`);
    else if (error.code === 'EACCES' && error.path !== undefined) console.error(`\n${notYours(error.path)}`);
    else if (!(error instanceof Stopped)) console.error(error);
  }
  process.exit(code);
}

/** Only the first signal counts: one Ctrl-C arrives twice, from the terminal and again through npm. */
function listenForStop() {
  const controller = new AbortController();
  for (const name of STOP_SIGNALS) process.on(name, () => controller.abort(name));
  if (process.env.npm_lifecycle_event !== undefined) stopWithParent(controller);
  return controller.signal;
}

/** npm, or the shell between, may be killed without a word to us. Then nobody is left to stop what we run. */
function stopWithParent(controller) {
  const parent = process.ppid;
  every(() => {
    if (process.ppid !== parent) controller.abort('SIGTERM');
  }, 500).unref();
}

function notYours(path) {
  return (
    `You may not use ${path}. It probably belongs to root, because this was once run as root. ` +
    `Run it as root again, or make the project's files yours: sudo chown -R "$(id -u)" . (with no start running).`
  );
}
