import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf, stopHere } from './command.mjs';
import { inProject, projectFolder } from './project.mjs';

/** How long what the tests started may take to end by itself. */
const END_DEADLINE_MS = 5_000;

/**
 * Runs Jest in a process group of its own, and sees to it that nothing of that group is left when it has ended: not a
 * worker, and not a service that a test began and did not stop.
 *
 * @param {string[]} args
 * @param {Record<string, string>} env what the tests are told
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
  stop.addEventListener('abort', () => signalGroup(child.pid, 'SIGTERM'));
  const code = await exitOf(child);
  await endGroup(child.pid);
  stopHere(stop);
  return code;
}

async function endGroup(group) {
  const deadline = performance.now() + END_DEADLINE_MS;
  while (signalGroup(group, 'SIGTERM') && performance.now() < deadline) await sleep(50);
  signalGroup(group, 'SIGKILL');
}

/** @returns {boolean} whether the group has a process left */
function signalGroup(group, signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}
