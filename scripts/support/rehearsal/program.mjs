import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf } from '../command.mjs';
import { Failure } from '../failure.mjs';

/** How much of an output is shown. */
const TAIL_LINES = 12;

/** A program that buildah runs in a container. */
export class Program {
  output = '';
  #child;

  /**
   * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable,
   * import('node:stream').Readable>} child
   */
  constructor(child) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    /** @type {Promise<number>} */
    this.exitCode = exitOf(child);
  }

  /**
   * @param {string[]} command of buildah
   * @param {NodeJS.ProcessEnv} env for buildah
   */
  static launch([file = '', ...args], env) {
    // In a session of its own, because Ctrl-C is for the rehearsal.
    return new Program(spawn(file, args, { cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /**
   * Waits until the output has the text.
   *
   * @param {string | RegExp} text
   * @param {number} deadlineMs
   * @throws {Failure} with the output, if the program ends before, or does not print the text in
   *   time
   */
  async says(text, deadlineMs) {
    const deadline = performance.now() + deadlineMs;
    let ended = false;
    void this.exitCode.then(() => (ended = true));
    while (this.output.search(text) === -1) {
      if (ended) throw new Failure(`${this.output}\n\nIt ended (exit code ${await this.exitCode}) without: ${text}`);
      if (performance.now() > deadline) throw new Failure(`${this.output}\n\nIt has not printed in time: ${text}`);
      await sleep(20);
    }
  }

  /**
   * @param {{ deadlineMs: number }} options after that time it is killed
   * @returns {Promise<string>} the output
   * @throws {Failure} with the output, if its exit code is not 0
   */
  async ends({ deadlineMs }) {
    const late = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
    const code = await this.exitCode;
    clearTimeout(late);
    if (code !== 0) throw new Failure(`${this.output}\n\nIt ended with exit code ${code} instead of 0.`);
    return this.output;
  }

  /** @returns {string[]} the arguments of the process in the container, with its name */
  get commandLine() {
    const pid = this.#innerPid;
    return pid === null ? [] : argumentsOf(pid);
  }

  /**
   * Signals the process in the container: buildah does not pass on every signal. @param
   * {NodeJS.Signals} name
   */
  signal(name) {
    try {
      const pid = this.#innerPid ?? this.#child.pid;
      if (pid !== undefined) process.kill(pid, name);
    } catch (error) {
      // The process has ended meanwhile.
      if (!hasCode(error, 'ESRCH') && !hasCode(error, 'ENOENT')) throw error;
    }
  }

  /** Between buildah and the process in the container are processes of buildah's own. */
  get #innerPid() {
    let pid = this.#child.pid ?? null;
    while (pid !== null && argumentsOf(pid)[0]?.startsWith('buildah')) pid = childOf(pid);
    return pid;
  }
}

/** @param {number} pid */
function argumentsOf(pid) {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}

/** @param {number} pid @returns {number | null} */
function childOf(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '));
  const child = children.find((text) => text !== '');
  return child === undefined ? null : Number(child);
}

/** @param {unknown} error @param {string} code */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}

/**
 * @param {string} output
 * @returns {string} the last lines, indented
 */
export function tailOf(output, lines = TAIL_LINES) {
  return output
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}
