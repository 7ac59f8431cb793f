import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopHere } from './command.mjs';
import { Failure } from './failure.mjs';
import { isAlive, nameProcess } from './processes.mjs';

/**
 * A file that says which processes are at work in a folder. It outlives a `kill -9`, but does not hold then: a lock
 * counts while one of its processes lives. The first of them took it.
 */
export class Lock {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /**
   * @returns {{ pid: number, leftBehind: boolean } | null} who has it, or null once it is ours. `leftBehind`: the one
   *   who took it is dead, and only a process that it took the lock for as well still lives
   */
  take() {
    mkdirSync(dirname(this.path), { recursive: true });
    for (;;) {
      if (this.#create([nameProcess(process.pid)])) return null;
      const found = this.#read();
      const [taker, ...others] = parse(found);
      if (taker !== undefined && isAlive(taker)) return { pid: taker.pid, leftBehind: false };
      const living = others.find(isAlive);
      if (living !== undefined) return { pid: living.pid, leftBehind: true };
      if (found !== null) this.#removeStale(found);
    }
  }

  /** @returns {boolean} whether a living process, this one included, has it */
  isHeld() {
    return parse(this.#read()).some(isAlive);
  }

  /** Names another process that the lock holds for: should we be killed, it still holds until that one has ended. */
  alsoFor(pid) {
    const processes = [nameProcess(process.pid), nameProcess(pid)].filter((name) => name !== null);
    renameSync(this.#write(processes), this.path);
  }

  release() {
    rmSync(this.path, { force: true });
  }

  #create(processes) {
    const draft = this.#write(processes);
    try {
      // A link appears with its content or not at all, and never in the place of another.
      linkSync(draft, this.path);
      return true;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      return false;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  #write(processes) {
    const draft = `${this.path}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(processes), { mode: 0o600 });
    return draft;
  }

  #read() {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      return null;
    }
  }

  /** Two may find the same stale lock. Moving it away first shows which file one has got hold of. */
  #removeStale(found) {
    const away = `${this.path}.${process.pid}.stale`;
    try {
      renameSync(this.path, away);
      if (readFileSync(away, 'utf8') !== found) linkSync(away, this.path);
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
    }
    rmSync(away, { force: true });
  }
}

/**
 * Does something while no other process does it in this folder; waits for its turn.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {AbortSignal} [stop] ends the wait, not the work
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

function parse(text) {
  try {
    return JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
}
