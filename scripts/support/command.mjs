import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Failure, Stopped } from './failure.mjs';
import { projectFolder } from './project.mjs';

/**
 * `shielded`: a stop waits for the end of the command instead of ending it, and Ctrl-C does not
 * reach it.
 * @typedef {import('node:child_process').SpawnOptions
 *   & { stop?: AbortSignal, shielded?: boolean, input?: string }} CommandOptions
 */

const END_DEADLINE_MS = 2_000;

/**
 * Runs a command to its end and returns what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} code 127 if the command cannot be started
 * @throws {Stopped} if asked to stop meanwhile
 */
export async function capture(command, args, { stop, shielded = false, input, ...options } = {}) {
  stopHere(stop);
  const child = spawn(command, args, {
    cwd: projectFolder,
    ...options,
    detached: shielded,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
  // The exit code tells of a command that ends before it has read everything.
  child.stdin?.on('error', () => {}).end(input);

  const end = () => {
    child.kill('SIGTERM');
    // npm first undoes an installation, which may take a minute. The next start detects an
    // incomplete installation and repeats it anyway.
    setTimeout(() => child.kill('SIGKILL'), END_DEADLINE_MS).unref();
  };
  if (!shielded) stop?.addEventListener('abort', end);
  const code = await exitOf(child);
  stop?.removeEventListener('abort', end);
  stopHere(stop);
  return { code, output };
}

/**
 * Runs a command that must succeed.
 *
 * @param {string} what the subject of the failure's sentence: "The build"
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<string>} what the command printed
 * @throws {Failure} with everything that the command printed
 */
export async function mustSucceed(what, command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code !== 0) throw new Failure(`${output.trimEnd()}\n\n${what} failed (exit code ${code}). Its output is above.`);
  return output;
}

/**
 * Runs Node with the terminal as its input and output. A stop is passed on as SIGTERM.
 *
 * @param {readonly string[]} args
 * @param {{ stop: AbortSignal } & import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>} its exit code
 */
export async function runNode(args, { stop, ...options }) {
  stopHere(stop);
  const child = spawn(process.execPath, args, { cwd: projectFolder, stdio: 'inherit', ...options });
  stop.addEventListener('abort', () => child.kill('SIGTERM'));
  return exitOf(child);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} the exit code as a shell reports it: 128 + n after signal n, 127 if
 *   the command could not be started
 */
export function exitOf(child) {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(shellCode(child.exitCode, child.signalCode));
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => resolve(shellCode(code, signal)));
  });
}

/** @param {number | null} code @param {NodeJS.Signals | null} signal */
function shellCode(code, signal) {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/**
 * @param {AbortSignal} [stop]
 * @throws {Stopped} if asked to stop
 */
export function stopHere(stop) {
  if (stop?.aborted) throw new Stopped(stop.reason);
}
