import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_PEPPER } from './test-app.js';

/** The programs of the built product. */
export type Program = 'main' | 'start' | 'cli';

/** How long any of them may take to say something, or to end; then the test fails and says what was printed. */
const PATIENCE_MS = 25_000;

const launched = new Set<ChildProcess>();
const folders = new Set<string>();

/** A process that the tests have started, and what it has printed. */
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

  /** Both streams, for reading. */
  get output(): string {
    return `${this.stdout}${this.stderr}`;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** As a terminal does, to all in its foreground. Only for a process that leads a group. */
  signalGroup(name: NodeJS.Signals): void {
    if (this.child.pid !== undefined) {
      process.kill(-this.child.pid, name);
    }
  }

  /** Waits until the output has the text. */
  async says(text: string | RegExp, patienceMs = PATIENCE_MS): Promise<RegExpMatchArray> {
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
        () => `not said: ${String(text)}\n${this.output}`,
        patienceMs,
      );
    } finally {
      // A service under load says much more, and each piece would be searched with all before it.
      if (listener !== undefined) {
        this.child.stdout?.off('data', listener);
        this.child.stderr?.off('data', listener);
      }
    }
  }

  /** Waits for its end. */
  async ends(patienceMs = PATIENCE_MS): Promise<number> {
    return within(this.exitCode, () => `did not end\n${this.output}`, patienceMs);
  }

  /** Asks it to stop and waits for its end. */
  async stop(): Promise<number> {
    this.signal('SIGTERM');
    return this.ends();
  }

  private async exitWithout(text: string | RegExp): Promise<never> {
    const code = await this.exitCode;
    throw new Error(`ended with ${code} and never said ${String(text)}\n${this.output}`);
  }
}

/**
 * What a process of the product may have beside its environment: another folder to work in, another
 * user, and descriptors for its streams. A stream without one is read by the test.
 */
export interface ProcessTraits {
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly stdout?: number;
  readonly stderr?: number;
}

/**
 * The built product as a process of its own, in an empty working folder, with no environment but
 * what it is given.
 */
export class Product extends RunningProcess {
  constructor(
    program: Program,
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
    { stdout, stderr, ...traits }: ProcessTraits = {},
  ) {
    super(process.execPath, [join(testDist(), `${program}.js`), ...args], {
      cwd: traits.cwd ?? makeFolder(),
      ...traits,
      env: { PATH: process.env.PATH, PORT: '0', INTERNAL_PORT: '0', LOG_FORMAT: 'json', DATABASE_WAIT_MS: '0', ...env },
      stdio: ['ignore', stdout ?? 'pipe', stderr ?? 'pipe', ...(program === 'start' ? (['ipc'] as const) : [])],
    });
  }

  /** Lets go of the channel that `npm start` keeps to its service, as its death would. */
  disconnect(): void {
    this.child.disconnect();
  }

  /** Where it listens, once it does and is ready. */
  async url(): Promise<string> {
    const [, url] = await this.says(/listening on (http:\/\/[\w.:[\]]+)/);
    return url ?? '';
  }

  /** Where its endpoints for services are, once they are open. */
  async internalUrl(): Promise<string> {
    const [, url] = await this.says(/endpoints for services are at (http:\/\/[\w.:[\]]+)/);
    return url ?? '';
  }
}

/** What a service of the tests is told, unless a test says otherwise. */
export function serviceEnv(databaseUrl: string, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { DATABASE_URL: databaseUrl, SECRET_PEPPER: TEST_PEPPER, ...env };
}

/** Runs one operator command to its end. */
export async function runCli(
  databaseUrl: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const product = new Product('cli', serviceEnv(databaseUrl, env), args);
  const code = await product.ends();
  return { code, stdout: product.stdout, stderr: product.stderr };
}

/** An empty folder that `endProducts` removes. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  folders.add(folder);
  return folder;
}

/** For `afterEach` or `afterAll`: ends what a test began and, because it failed, did not stop; removes the folders. */
export async function endProducts(): Promise<void> {
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

/** Ends what a process that leads a group has started. The others have no group of that number. */
function killGroup(pid: number | undefined): void {
  try {
    process.kill(-(pid ?? NaN), 'SIGKILL');
  } catch {
    // There is no such group.
  }
}

/** Its exit code, when it has ended and all that it printed has been read. Not by `close`, which a disconnected child never emits. */
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

/** Where `npm test` has compiled the product to, or whoever runs Jest alone. */
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
