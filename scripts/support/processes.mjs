import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** SIGKILL cannot be refused, but a process with much memory takes a moment to go. */
const KILL_DEADLINE_MS = 10_000;

/**
 * A process, named so that another that later gets the same number is not taken for it.
 * @typedef {{ pid: number, began: string }} ProcessName
 */

/** @returns {ProcessName | null} null if there is no such process, or only a dead one that nobody has collected */
export function nameProcess(pid) {
  const began = existsSync('/proc/self/stat') ? beganOnLinux(pid) : beganElsewhere(pid);
  return began === null ? null : { pid, began };
}

/** @param {ProcessName} process */
export function isAlive({ pid, began }) {
  const found = nameProcess(pid);
  return found !== null && found.began === began;
}

/**
 * Asks a process to end and waits until it has; after the deadline it is ended by force.
 *
 * @param {ProcessName} process
 * @returns {Promise<boolean>} whether it ended by itself
 */
export async function endProcess(process, deadlineMs) {
  send(process, 'SIGTERM');
  if (await isGone(process, deadlineMs)) return true;
  send(process, 'SIGKILL');
  await isGone(process, KILL_DEADLINE_MS);
  return false;
}

/** @returns {Promise<boolean>} whether the process was gone before the deadline */
export async function isGone(process, deadlineMs) {
  const deadline = performance.now() + deadlineMs;
  while (isAlive(process)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function send(name, signal) {
  try {
    if (isAlive(name)) process.kill(name.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function beganOnLinux(pid) {
  try {
    // The second field is the program's name in brackets, which may hold anything: count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    // Ticks since boot, so the boot belongs to the name.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

function beganElsewhere(pid) {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || null;
  } catch {
    return null;
  }
}
