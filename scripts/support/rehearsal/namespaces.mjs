import { spawn } from 'node:child_process';
import { exitOf, stopHere } from '../command.mjs';
import { Failure } from '../failure.mjs';

/**
 * The first process of the namespace. It is a shell, because it must collect orphans, which Node
 * does not.
 */
const FIRST = ['sh', '-c', '"$@"; exit $?', 'sh'];

/**
 * Runs a script of ours in mount and process namespaces of its own. When it ends, or this process
 * does, every process
 * and every mount in them is gone.
 *
 * @param {string} script
 * @param {unknown} plan its only argument, as JSON
 * @param {{ ownNetwork?: boolean, env?: Record<string, string | undefined>, stop: AbortSignal }}
 *   options `ownNetwork`:
 *   nothing outside can be reached, and every port is free
 * @throws {Failure} if its exit code is not 0
 */
export async function runInNamespaces(script, plan, { ownNetwork = false, env = process.env, stop }) {
  stopHere(stop);
  const isolate = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...(ownNetwork ? ['--net'] : []),
    '--',
  ];
  const command = [...FIRST, process.execPath, script, JSON.stringify(plan)];
  const child = spawn('setpriv', ['--pdeathsig=KILL', '--', 'unshare', ...isolate, ...command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // The script would take npm, which is not its parent, for dead.
    env: { ...env, npm_lifecycle_event: undefined },
    // Ctrl-C is for this process, which ends the other.
    detached: true,
  });
  const end = () => void child.kill('SIGKILL');
  stop.addEventListener('abort', end);
  const code = await exitOf(child);
  stop.removeEventListener('abort', end);
  stopHere(stop);
  if (code !== 0) throw new Failure(`The rehearsal failed (exit code ${code}); the reason is above.`);
}
