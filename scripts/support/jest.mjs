import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf, stopHere } from './command.mjs';
import { inProject, projectFolder } from './project.mjs';

/** How long the processes that tests started may take to end by themselves. */
const END_DEADLINE_MS = 5_000;

/**
 * Runs Jest in its own process group, and ends every process of the group that is left when Jest
 * has ended: workers, and services that a test did not stop.
 *
 * @param {string[]} args
 * @param {Record<string, string>} env for the tests
 * @param {AbortSignal} stop
 * @returns {Promise<number>} Jest's exit code
 */
export async function runJest(args, env, stop) {
  stopHere(stop);
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, inProject('node_modules/jest/bin/jest.js'), ...args], {
    cwd: projectFolder,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) return exitOf(child);
  stop.addEventListener('abort', () => signalGroup(pid, 'SIGTERM'));
  const code = await exitOf(child);
  await endGroup(pid);
  stopHere(stop);
  return code;
}

/** @param {number} group */
async function endGroup(group) {
  const deadline = performance.now() + END_DEADLINE_MS;
  while (signalGroup(group, 'SIGTERM') && performance.now() < deadline) await sleep(50);
  signalGroup(group, 'SIGKILL');
}

/**
 * @param {number} group
 * @param {NodeJS.Signals} signal
 * @returns {boolean} whether the group has a process left
 */
function signalGroup(group, signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}
