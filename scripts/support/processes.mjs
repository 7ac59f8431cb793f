import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './failure.mjs';

/** SIGKILL cannot be refused, but a process with much memory takes a moment to end. */
const KILL_DEADLINE_MS = 10_000;

/**
 * Identifies a process. `began` tells it from a later process that gets the same number.
 * @typedef {{ pid: number, began: string }} ProcessId
 */

/**
 * @param {number} pid
 * @returns {ProcessId | null} null if there is no such process, or only a zombie
 */
export function identifyProcess(pid) {
  const began = existsSync('/proc/self/stat') ? beganOnLinux(pid) : beganElsewhere(pid);
  return began === null ? null : { pid, began };
}

/** @returns {ProcessId} */
export function identifyThisProcess() {
  const found = identifyProcess(process.pid);
  if (found === null) throw new Error('This process cannot be identified: neither /proc nor ps shows it.');
  return found;
}

/** @param {ProcessId} process */
export function isAlive({ pid, began }) {
  return identifyProcess(pid)?.began === began;
}

/**
 * Sends SIGTERM, waits until the process has ended, and kills it after the deadline.
 *
 * @param {ProcessId} process
 * @param {number} deadlineMs
 * @returns {Promise<boolean>} whether it ended before the deadline
 */
export async function endProcess(process, deadlineMs) {
  send(process, 'SIGTERM');
  if (await hasEnded(process, deadlineMs)) return true;
  send(process, 'SIGKILL');
  await hasEnded(process, KILL_DEADLINE_MS);
  return false;
}

/** @param {ProcessId} process @param {number} deadlineMs */
async function hasEnded(process, deadlineMs) {
  const deadline = performance.now() + deadlineMs;
  while (isAlive(process)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** @param {ProcessId} target @param {NodeJS.Signals} signal */
function send(target, signal) {
  try {
    if (isAlive(target)) process.kill(target.pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** @param {number} pid */
function beganOnLinux(pid) {
  try {
    // The second field is the program's name in brackets. The name may contain anything, so the
    // fields are counted from the last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    // The field counts ticks since boot, so the id of the boot is part of the identity.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

/** @param {number} pid */
function beganElsewhere(pid) {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || null;
  } catch {
    return null;
  }
}
