import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf } from '../../scripts/support/command.mjs';
import { Failure } from '../../scripts/support/failure.mjs';
import { SERVER_CORE, workFolder } from './settings.mjs';

const START_DEADLINE_MS = 60_000;
/** In which Linux counts a process's time. */
const TICKS_PER_SECOND = 100;

/**
 * A candidate as a process of its own, pinned to the servers' core. It ends when we do: it holds
 * our IPC channel.
 */
export class Server {
  #child;
  #name;
  url = '';
  internalUrl = '';

  /**
   * @param {import('./runtimes.mjs').Runtime} runtime the Node that runs it
   * @param {string} name
   * @param {string[]} args for Node; the ports are given as PORT and INTERNAL_PORT
   */
  static async start(runtime, name, args, env = {}) {
    const port = await freePort();
    const internalPort = await freePort();
    const server = new Server(runtime, name, args, { PORT: String(port), INTERNAL_PORT: String(internalPort), ...env });
    server.url = `http://127.0.0.1:${port}/developers/api_keys`;
    // A bare server has but one port.
    server.internalUrl = `http://127.0.0.1:${env.INTERNAL_TOKENS === undefined ? port : internalPort}`;
    await server.#untilItAnswers(port);
    return server;
  }

  constructor(runtime, name, args, env) {
    this.#name = name;
    const errors = openSync(this.#errorFile(), 'w', 0o600);
    // The log goes where a log costs least, the same for all.
    this.#child = spawn('taskset', ['-c', SERVER_CORE, runtime.path, ...args], {
      cwd: workFolder,
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
      stdio: ['ignore', openSync('/dev/null', 'w'), errors, 'ipc'],
    });
    closeSync(errors);
    this.pid = this.#child.pid;
  }

  /** The processor time that it has used so far, all threads together. */
  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / TICKS_PER_SECOND;
  }

  /** @returns {Promise<{ heapUsed: number, rss: number }>} after a garbage collection */
  memory() {
    return this.#ask('memory');
  }

  /** @returns {Promise<object>} the CPU profile of what it did meanwhile */
  async profileWhile(work) {
    await this.#ask('profile');
    await work();
    return this.#ask('profileEnd');
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await exitOf(this.#child);
    clearTimeout(force);
  }

  /** Of a server that has `observed.mjs` preloaded. */
  async #ask(question) {
    this.#child.send(question);
    const [answer] = await once(this.#child, 'message');
    return answer;
  }

  async #untilItAnswers(port) {
    const deadline = performance.now() + START_DEADLINE_MS;
    for (;;) {
      if (this.#child.exitCode !== null || performance.now() > deadline)
        throw new Failure(`${this.#name} did not start:\n${readFileSync(this.#errorFile(), 'utf8')}`);
      try {
        await fetch(`http://127.0.0.1:${port}/`);
        return;
      } catch {
        await sleep(50);
      }
    }
  }

  #errorFile() {
    return join(workFolder, `${this.#name}.stderr`);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}
