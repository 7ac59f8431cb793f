import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf } from '../command.mjs';
import { Failure } from '../failure.mjs';

/** How much of an output is shown. */
const TAIL_LINES = 12;

/** A program that runs in a chamber. */
export class Program {
  output = '';
  #child;
  #innerOf;

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {(pid: number) => number | null} innerOf the process that it stands for, while it lives
   */
  constructor(child, innerOf) {
    this.#child = child;
    this.#innerOf = innerOf;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    this.exitCode = exitOf(child);
  }

  get innerPid() {
    return this.#innerOf(this.#child.pid);
  }

  get tail() {
    return tailOf(this.output);
  }

  /**
   * Waits until the output has the text.
   *
   * @param {string | RegExp} text
   * @throws {Failure} with the end of the output, if the program ends before, or says nothing of the kind in time
   */
  async says(text, deadlineMs) {
    const deadline = performance.now() + deadlineMs;
    let ended = false;
    void this.exitCode.then(() => (ended = true));
    while (this.output.search(text) === -1) {
      if (ended) throw new Failure(`${this.output}\n\nIt ended (exit code ${await this.exitCode}) without: ${text}`);
      if (performance.now() > deadline) throw new Failure(`${this.output}\n\nIt has not said in time: ${text}`);
      await sleep(20);
    }
  }

  /** @throws {Failure} with the output, if it ends with another exit code, or not in time; then it is ended by force */
  async ends({ deadlineMs, code: expected = 0 }) {
    const late = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
    const code = await this.exitCode;
    clearTimeout(late);
    if (code !== expected)
      throw new Failure(`${this.output}\n\nIt ended with exit code ${code} instead of ${expected}.`);
    return this.output;
  }

  signal(name) {
    try {
      const pid = this.innerPid;
      if (pid !== null) process.kill(pid, name);
    } catch (error) {
      // It has ended by itself meanwhile.
      if (error.code !== 'ESRCH' && error.code !== 'ENOENT') throw error;
    }
  }
}

/** @returns {string} the last lines, set off from ours */
export function tailOf(output, lines = TAIL_LINES) {
  return output
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}
