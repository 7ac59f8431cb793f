import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * How long a process may take to print something or to end. Then the test fails, with what was
 * printed.
 */
const PATIENCE_MS = 25_000;

const launched = new Set<ChildProcess>();
const folders = new Set<string>();

/** A process that a test has started, and what it has printed. */
export class RunningProcess {
  stdout = '';
  stderr = '';
  /** The exit code, as a shell has it: 128 + n when signal n ended it. */
  readonly exitCode: Promise<number>;
  protected readonly child: ChildProcess;

  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    this.child = spawn(command, args, options);
    launched.add(this.child);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exitCode = endOf(this.child);
  }

  /** Everything printed so far, on both streams. */
  get output(): string {
    return `${this.stdout}${this.stderr}`;
  }

  /** Whether the process has not ended. */
  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Signals the process group, as a terminal does. Only for a process that leads a group. */
  signalGroup(name: NodeJS.Signals): void {
    if (this.child.pid !== undefined) {
      process.kill(-this.child.pid, name);
    }
  }

  /** Waits until the output contains the text. */
  async prints(text: string | RegExp, patienceMs = PATIENCE_MS): Promise<RegExpMatchArray> {
    let listener: (() => void) | undefined;
    const said = new Promise<RegExpMatchArray>((resolve) => {
      listener = () => {
        const match = typeof text === 'string' ? this.output.match(escaped(text)) : this.output.match(text);
        if (match !== null) {
          resolve(match);
        }
      };
      this.child.stdout?.on('data', listener);
      this.child.stderr?.on('data', listener);
      listener();
    });
    try {
      return await within(
        Promise.race([said, this.exitWithout(text)]),
        () => `not printed: ${String(text)}\n${this.output}`,
        patienceMs,
      );
    } finally {
      // A service under load prints much more, and each chunk would be searched with all before it.
      if (listener !== undefined) {
        this.child.stdout?.off('data', listener);
        this.child.stderr?.off('data', listener);
      }
    }
  }

  /** Waits for the end. Resolves with the exit code. */
  async ends(patienceMs = PATIENCE_MS): Promise<number> {
    return within(this.exitCode, () => `did not end\n${this.output}`, patienceMs);
  }

  /** Sends SIGTERM and waits for the end. Resolves with the exit code. */
  async stop(): Promise<number> {
    this.signal('SIGTERM');
    return this.ends();
  }

  private async exitWithout(text: string | RegExp): Promise<never> {
    const code = await this.exitCode;
    throw new Error(`ended with ${code} and never printed ${String(text)}\n${this.output}`);
  }
}

/** An empty folder that `endProcesses` removes. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  folders.add(folder);
  return folder;
}

/**
 * For `afterEach` or `afterAll`: kills the processes that a failed test left running, and removes
 * the folders.
 */
export async function endProcesses(): Promise<void> {
  await Promise.all(
    [...launched].map(async (child) => {
      killGroup(child.pid);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }),
  );
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
  folders.clear();
}

/**
 * Kills the group of a process that leads one. The other processes have no group of that number.
 */
function killGroup(pid: number | undefined): void {
  try {
    process.kill(-(pid ?? NaN), 'SIGKILL');
  } catch {
    // There is no such group.
  }
}

/**
 * Resolves with the exit code when the process has ended and everything that it printed has been
 * read. The event `close` does not serve: a disconnected child never emits it.
 */
async function endOf(child: ChildProcess): Promise<number> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const allRead = Promise.all(streams.map((stream) => once(stream, 'close')));
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (status, signal) => {
      launched.delete(child);
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  await allRead;
  return code;
}

/** The folder with the compiled product. `npm test` sets TEST_DIST; Jest alone needs it set. */
export function testDist(): string {
  const folder = process.env.TEST_DIST;
  if (folder === undefined || folder === '') {
    throw new Error('TEST_DIST is not set: run the tests by `npm test`, or name the folder of the compiled src');
  }
  return folder;
}

async function within<T>(promise: Promise<T>, complaint: () => string, patienceMs = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(complaint()));
    }, patienceMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function escaped(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}
