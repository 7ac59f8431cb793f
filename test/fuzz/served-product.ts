import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** What the process uses, in bytes, right after a garbage collection. */
export interface Memory {
  readonly heapUsed: number;
  readonly rss: number;
}

/** The product in a process of its own, under the same rules as in production but for shorter timeouts. */
export class ServedProduct {
  /** All that it printed. */
  output = '';
  url = '';
  private child: ChildProcess | undefined;

  /** Starts it, and waits until it listens. */
  async start(env: Readonly<Record<string, string>>, folder: string): Promise<void> {
    const child = fork(resolve('test/fuzz/served.mjs'), {
      cwd: folder,
      execArgv: ['--expose-gc'],
      env: {
        PATH: process.env.PATH,
        TEST_DIST: resolve(process.env.TEST_DIST ?? ''),
        PORT: '0',
        INTERNAL_PORT: '0',
        LOG_FORMAT: 'json',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    const ended = once(child, 'exit').then(() => {
      throw new Error(`it did not start:\n${this.output}`);
    });
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [{ url: string }];
    ended.catch(() => undefined);
    this.url = message.url;
  }

  /** Whether it has been started and has not ended. */
  get isAlive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async memory(): Promise<Memory> {
    if (this.child === undefined) {
      throw new Error('it has not been started');
    }
    this.child.send('memory');
    const [message] = (await once(this.child, 'message')) as [{ memory: Memory }];
    return message.memory;
  }

  /** Asks it to stop, unless it has ended, and waits for its end; its exit code. */
  async stop(): Promise<unknown> {
    if (this.child !== undefined && this.isAlive) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exit;
    }
    return this.child?.exitCode;
  }
}
