import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopHere } from './command.mjs';
import { errorCode, Failure } from './failure.mjs';
import { identifyProcess, identifyThisProcess, isAlive } from './processes.mjs';

/** @typedef {import('./processes.mjs').ProcessId} ProcessId */

/**
 * A lock file that lists the processes that hold it. The file survives a `kill -9`, but the lock is
 * held only while one of its processes lives. The first process in the list took the lock.
 */
export class Lock {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /**
   * @returns {{ pid: number, leftBehind: boolean } | null} the holder, or null once this process
   *   holds it. `leftBehind`: the process that took it has ended, and only a process that was added
   *   to it still lives
   */
  take() {
    mkdirSync(dirname(this.path), { recursive: true });
    for (;;) {
      if (this.#create()) return null;
      const found = this.#read();
      const [taker, ...others] = parse(found);
      if (taker !== undefined && isAlive(taker)) return { pid: taker.pid, leftBehind: false };
      const living = others.find(isAlive);
      if (living !== undefined) return { pid: living.pid, leftBehind: true };
      if (found !== null) this.#removeStale(found);
    }
  }

  /** @returns {boolean} whether a living process, this one included, holds it */
  isHeld() {
    return parse(this.#read()).some(isAlive);
  }

  /**
   * Adds a process that holds the lock too. If this process is killed, the lock is held until the
   * added process ends.
   *
   * @param {number} pid
   */
  alsoFor(pid) {
    const added = identifyProcess(pid);
    renameSync(this.#write(added === null ? [] : [added]), this.path);
  }

  release() {
    rmSync(this.path, { force: true });
  }

  #create() {
    const draft = this.#write();
    try {
      // A link appears with its content or not at all, and never replaces another file.
      linkSync(draft, this.path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      return false;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** @param {ProcessId[]} more */
  #write(more = []) {
    const draft = `${this.path}.${process.pid}`;
    writeFileSync(draft, JSON.stringify([identifyThisProcess(), ...more]), { mode: 0o600 });
    return draft;
  }

  #read() {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return null;
    }
  }

  /**
   * Two processes may find the same stale file, and the second may reach for a new one. Moving the
   * file away first shows which file it is; a file that is not the stale one is put back.
   *
   * @param {string} stale the content of the stale file
   */
  #removeStale(stale) {
    const away = `${this.path}.${process.pid}.stale`;
    try {
      renameSync(this.path, away);
      if (readFileSync(away, 'utf8') !== stale) linkSync(away, this.path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error;
    }
    rmSync(away, { force: true });
  }
}

/**
 * Runs `work` while it holds a lock. Waits for the lock.
 *
 * @template T
 * @param {string} path of the lock file
 * @param {() => Promise<T>} work
 * @param {AbortSignal} [stop] ends the wait, not the work
 * @returns {Promise<T>}
 */
export async function inTurn(path, work, stop, deadlineMs = 180_000) {
  const lock = new Lock(path);
  const deadline = performance.now() + deadlineMs;
  for (let holder = lock.take(); holder !== null; holder = lock.take()) {
    stopHere(stop);
    if (performance.now() > deadline)
      throw new Failure(`Process ${holder.pid} has held ${path} for too long. End it and try again.`);
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/**
 * @param {string | null} text
 * @returns {ProcessId[]}
 */
function parse(text) {
  try {
    return JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
}
