import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { projectFolder } from './project.mjs';
import { Failure, Stopped } from './failure.mjs';

const END_DEADLINE_MS = 2_000;

/**
 * Runs a command to its end and keeps what it prints.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ stop?: AbortSignal, shielded?: boolean } & import('node:child_process').SpawnOptions & { input?: string }} [options]
 *   `shielded`: a stop waits for the end of it instead of ending it, and Ctrl-C does not reach it
 * @returns {Promise<{ code: number, output: string }>} 127 if the command cannot be started
 * @throws {Stopped} if asked to stop meanwhile
 */
export async function capture(command, args, { stop, shielded = false, input, ...options } = {}) {
  stopHere(stop);
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const child = spawn(command, args, {
    cwd: projectFolder,
    ...options,
    detached: shielded,
    stdio: [stdin, 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  // A command that dies before it has read everything is told by its exit code.
  child.stdin?.on('error', () => {}).end(input);

  const end = () => {
    child.kill('SIGTERM');
    // npm undoes an installation first, which may take a minute. What is half done is noticed and done again anyway.
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
 * @param {string} what begins the sentence of the failure: "The build"
 * @throws {Failure} with everything that the command printed
 */
export async function mustSucceed(what, command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code !== 0)
    throw new Failure(`${output.trimEnd()}\n\n${what} failed (exit code ${code}); what it printed is above.`);
  return output;
}

/**
 * Runs a command that talks to the terminal itself, to its end. A stop is passed on to it as SIGTERM.
 *
 * @param {string[]} args for Node
 * @param {{ stop: AbortSignal } & import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>} its exit code
 */
export async function runNode(args, { stop, ...options }) {
  stopHere(stop);
  const child = spawn(process.execPath, args, { cwd: projectFolder, stdio: 'inherit', ...options });
  stop.addEventListener('abort', () => child.kill('SIGTERM'));
  return exitOf(child);
}

/** @returns {Promise<number>} the exit code, as a shell has it: 128 + n if signal n ended it, 127 if it never began */
export function exitOf(child) {
  const codeOf = (code, signal) => code ?? 128 + constants.signals[signal];
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(codeOf(child.exitCode, child.signalCode));
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => resolve(codeOf(code, signal)));
  });
}

/** @param {AbortSignal} [stop] */
export function stopHere(stop) {
  if (stop?.aborted) throw new Stopped(stop.reason);
}
