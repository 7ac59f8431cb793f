import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { servedBuild } from './build.mjs';
import { exitOf, stopHere } from './command.mjs';
import { Failure } from './failure.mjs';
import { Lock } from './lock.mjs';
import { inProject, projectFolder } from './project.mjs';
import { say } from './steps.mjs';

/** Longer than the service's own deadline: after it the service hangs. */
const STOP_DEADLINE_MS = 30_000;

/** Held while a service is started, served or stopped from this folder. */
export const serviceLock = new Lock(inProject('.data/start.lock'));

/**
 * @param {AbortSignal} stop
 * @throws {Failure} if another start runs from this folder
 */
export async function takeServiceLock(stop) {
  for (;;) {
    const holder = serviceLock.take();
    if (holder === null) return;
    if (!holder.leftBehind) {
      throw new Failure(
        `Latchkey is already running from this folder (process ${holder.pid}). ` +
          `Stop it with Ctrl-C there, or: kill ${holder.pid}`,
      );
    }
    // The start was killed. Its service detects that and is still writing its usage counts.
    stopHere(stop);
    await sleep(50);
  }
}

/** The running service, as a child process. */
export class Service {
  #child;

  /** @param {string} databaseUrl */
  constructor(databaseUrl) {
    // In its own session, so that one Ctrl-C is one signal: the one from stop(). If this process is
    // killed, the service detects that the IPC channel is closed, and ends.
    this.#child = spawn(process.execPath, [`${servedBuild}/src/start.js`], {
      cwd: projectFolder,
      env: { ...process.env, DATABASE_URL: databaseUrl },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.#child.on('error', () => {});
    if (this.#child.pid !== undefined) serviceLock.alsoFor(this.#child.pid);
    this.exitCode = exitOf(this.#child);
  }

  /**
   * Stops the service after the requests that it is serving.
   *
   * @returns {Promise<number>} its exit code
   */
  async stop() {
    this.#child.kill('SIGTERM');
    const hangs = setTimeout(() => {
      say('The service does not stop. Killing it.');
      this.#child.kill('SIGKILL');
    }, STOP_DEADLINE_MS);
    const code = await this.exitCode;
    clearTimeout(hangs);
    // A service that has not installed its handler yet ends by the signal: also a clean stop.
    return this.#child.signalCode === 'SIGTERM' ? 0 : code;
  }
}

/**
 * Serves until the service ends or a stop is requested.
 *
 * @param {string} databaseUrl
 * @param {AbortSignal} stop
 * @returns {Promise<number>} the exit code of the service
 */
export async function serve(databaseUrl, stop) {
  stopHere(stop);
  const service = new Service(databaseUrl);
  /** @type {Promise<number>} */
  const stopped = new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(service.stop()));
  });
  return Promise.race([service.exitCode.then((code) => (stop.aborted ? stopped : code)), stopped]);
}
