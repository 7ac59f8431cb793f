import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { servedBuild } from './build.mjs';
import { exitOf, stopHere } from './command.mjs';
import { Failure } from './failure.mjs';
import { Lock } from './lock.mjs';
import { inProject, projectFolder } from './project.mjs';
import { say } from './steps.mjs';

/** Longer than the service gives itself: past this it hangs. */
const STOP_DEADLINE_MS = 30_000;

/** Held while a service is started, served or stopped from this folder. */
export const serviceLock = new Lock(inProject('.data/start.lock'));

/**
 * @param {AbortSignal} stop
 * @throws {Failure} if a start is at work here already
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
    // The start was killed and its service, which notices, is still putting away what it counted.
    stopHere(stop);
    await sleep(50);
  }
}

/** The running service, as a child of ours. */
export class Service {
  #child;

  /** @param {string} databaseUrl */
  constructor(databaseUrl) {
    const env = { ...process.env, DATABASE_URL: databaseUrl };
    // In a session of its own, so that one Ctrl-C is one signal, ours. Should we be killed, it notices that the channel
    // to us is gone, and ends.
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
    this.#child = spawn(process.execPath, [`${servedBuild}/src/start.js`], {
      cwd: projectFolder,
      env,
      stdio,
      detached: true,
    });
    this.#child.on('error', () => {});
    if (this.#child.pid !== undefined) serviceLock.alsoFor(this.#child.pid);
    this.exitCode = exitOf(this.#child);
  }

  /** Lets it finish what it is doing. @returns {Promise<number>} its exit code */
  async stop() {
    this.#child.kill('SIGTERM');
    const hangs = setTimeout(() => {
      say('The service does not stop; ending it by force.');
      this.#child.kill('SIGKILL');
    }, STOP_DEADLINE_MS);
    const code = await this.exitCode;
    clearTimeout(hangs);
    // Too young to know the signal, it ended of it: as asked.
    return this.#child.signalCode === 'SIGTERM' ? 0 : code;
  }
}

/**
 * Serves until the service ends, or until asked to stop.
 *
 * @param {string} databaseUrl
 * @param {AbortSignal} stop
 * @returns {Promise<number>} the exit code of the service
 */
export async function serve(databaseUrl, stop) {
  stopHere(stop);
  const service = new Service(databaseUrl);
  const stopped = new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(service.stop()));
  });
  return Promise.race([service.exitCode.then((code) => (stop.aborted ? stopped : code)), stopped]);
}
