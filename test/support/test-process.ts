import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join, resolve } from 'node:path';
import { CURRENT, KEYS, type MadeKey } from './api-client.js';
import { eventually } from './eventually.js';
import { envelope, exchange, type Outcome } from './load-client.js';
import { makeFolder, RunningProcess, testDist } from './running-process.js';
import { TEST_PEPPER } from './test-app.js';

/** The programs of the built product. */
export type Program = 'main' | 'start' | 'cli';

type Caller = Pick<MadeKey, 'secret'>;

export interface TestProcessOptions {
  /** Default: `main`. */
  readonly program?: Program;
  /**
   * A module that serves the product in its own way, instead of a program. It has an IPC channel.
   */
  readonly module?: string;
  /** Options of Node. */
  readonly execArgv?: readonly string[];
  /** DATABASE_URL. With it the process gets the pepper of the tests. */
  readonly database?: string;
  /** Variables beside the defaults of a test. Nothing else is inherited but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** DATA_DIR. Default: not set, so that it is `.data` in the working folder. */
  readonly dataDir?: string;
  /** Whether `send` keeps its connections. Default: each request has a connection of its own. */
  readonly keepAlive?: boolean;
  /** The working folder. Default: a new folder. */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Descriptors for the streams. Without one the test reads the stream. */
  readonly stdout?: number;
  readonly stderr?: number;
}

/**
 * The built product in a child process.
 *
 * @example
 * const service = await TestProcess.start({ program: 'start', database: schema.url });
 * const key = await service.createKey('Reader');
 * expect((await service.send('GET', KEYS, key)).status).toBe(200);
 */
export class TestProcess extends RunningProcess {
  readonly dataDir: string;
  private readonly agent: Agent;
  private readonly urls = new Map<RegExp, string>();
  private madeKey: MadeKey | undefined;

  /** Starts the process without waiting for it. */
  constructor(options: TestProcessOptions) {
    const { program = 'main', module, database, env, stdout, stderr, cwd = makeFolder(), uid, gid } = options;
    const path = module === undefined ? join(testDist(), `${program}.js`) : resolve(module);
    const hasChannel = program === 'start' || module !== undefined;
    super(process.execPath, [...(options.execArgv ?? []), path, ...(options.args ?? [])], {
      cwd,
      uid,
      gid,
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        INTERNAL_PORT: '0',
        LOG_FORMAT: 'json',
        DATABASE_WAIT_MS: '0',
        ...(module !== undefined && { TEST_DIST: resolve(testDist()) }),
        ...(database !== undefined && serviceEnv(database)),
        ...(options.dataDir !== undefined && { DATA_DIR: options.dataDir }),
        ...env,
      },
      stdio: ['ignore', stdout ?? 'pipe', stderr ?? 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
    });
    this.dataDir = options.dataDir ?? join(cwd, '.data');
    this.agent = new Agent({ keepAlive: options.keepAlive ?? false });
  }

  /** Starts the process and waits until it is ready. */
  static async start(options: TestProcessOptions): Promise<TestProcess> {
    const process = new TestProcess(options);
    await process.ready();
    return process;
  }

  /** Waits until the process is ready. Resolves with the URL of the public listener. */
  async ready(): Promise<string> {
    await this.prints(LISTENING);
    return this.url;
  }

  /** The URL of the public listener, once the process is ready. */
  get url(): string {
    return this.printed(LISTENING);
  }

  /** The URL of the internal listener, once the process is ready. */
  get internalUrl(): string {
    return this.printed(LISTENING_INTERNALLY);
  }

  /** The key that `start` has made, with every scope. */
  get firstKey(): MadeKey {
    this.madeKey ??= JSON.parse(readFileSync(join(this.dataDir, 'first-key.json'), 'utf8')) as MadeKey;
    return this.madeKey;
  }

  /** Sends a message to the module over IPC and resolves with the next one that it sends. */
  async request<T>(message: string): Promise<T> {
    this.child.send(message);
    const [reply] = (await once(this.child, 'message')) as [T];
    return reply;
  }

  /** Closes the IPC channel that `npm start` keeps to its service, as its death would. */
  disconnect(): void {
    this.child.disconnect();
  }

  /** Sends one request to the public listener, as the first key unless told otherwise. */
  send(method: string, path: string, caller: Caller = this.firstKey, body?: unknown): Promise<Outcome> {
    return exchange(this.agent, method, `${this.url}${path}`, { secret: caller.secret, body });
  }

  /** Creates a key with every scope, by the first key. */
  async createKey(label: string): Promise<MadeKey> {
    const outcome = await this.send('POST', KEYS, this.firstKey, { label });
    if (outcome.status !== 200) {
      throw new Error(`no key was made: ${outcome.status ?? outcome.error ?? ''} ${outcome.body}`);
    }
    return envelope<MadeKey>(outcome).data;
  }

  /** Sends until it succeeds: on a busy machine the database may be late, which tests nothing. */
  async must<T>(method: string, path: string, caller: Caller, body?: unknown): Promise<T> {
    let outcome = await this.send(method, path, caller, body);
    for (let attempt = 1; outcome.status === 503 && attempt < 5; attempt++) {
      outcome = await this.send(method, path, caller, body);
      if (method === 'DELETE' && outcome.status === 404) {
        // The attempt before had been committed after all.
        return undefined as T;
      }
    }
    if (outcome.status !== 200) {
      throw new Error(`${method} ${path}: ${outcome.status ?? outcome.error ?? ''} ${outcome.body}`);
    }
    return envelope<T>(outcome).data;
  }

  /**
   * Reads the key itself, on the route that needs no scope and, once the key is cached, no query.
   */
  current(key: Caller): Promise<Outcome> {
    return this.send('GET', CURRENT, key);
  }

  async expectCurrent(key: Caller, status: number): Promise<void> {
    const outcome = await this.current(key);
    expect([outcome.status, outcome.error]).toEqual([status, null]);
  }

  /** Waits until `current` responds with the status. */
  async untilCurrent(key: Caller, status: number, deadlineMs = 10_000): Promise<void> {
    await eventually(`${status} for the key`, async () => (await this.current(key)).status === status, deadlineMs);
  }

  private printed(pattern: RegExp): string {
    const url = this.urls.get(pattern) ?? pattern.exec(this.output)?.[1];
    if (url === undefined) {
      throw new Error(`the process is not ready:\n${this.output}`);
    }
    this.urls.set(pattern, url);
    return url;
  }
}

const LISTENING = /listening on (http:\/\/[\w.:[\]]+)/;
const LISTENING_INTERNALLY = /endpoints for services are at (http:\/\/[\w.:[\]]+)/;

/** The variables of a service on a database, with the pepper of the tests. */
export function serviceEnv(database: string, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { DATABASE_URL: database, SECRET_PEPPER: TEST_PEPPER, ...env };
}

/** Runs one operator command to its end. */
export async function runCli(
  database: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const command = new TestProcess({ program: 'cli', database, env, args });
  const code = await command.ends();
  return { code, stdout: command.stdout, stderr: command.stderr };
}
