import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn } from '../support/lock.mjs';
import { endProcess } from '../support/processes.mjs';
import { step } from '../support/steps.mjs';
import { ensureDataDirectory } from './data-directory.mjs';
import { chooseServerAccount, giveTo } from './server-account.mjs';
import { launchServer, untilReady } from './server-process.mjs';
import { chooseServerProgram } from './server-program.mjs';
import { ServerState } from './server-state.mjs';
import { chooseSocket } from './socket.mjs';

const STOP_DEADLINE_MS = 60_000;

/**
 * A database server in a folder that only its user can enter, so that its accounts need no
 * passwords. Several scripts may use it at once: the first starts it, the last to leave stops it. A
 * server that is still running after a crash is used again.
 */
export class PrivateDatabase {
  #folder;
  #data;
  #state;
  #traits;
  /** @type {string | undefined} */
  #socket;

  /**
   * @param {string} folder
   * @param {{ variable: import('./server-program.mjs').DatabaseVariable, setUp?: readonly string[],
   *   options?: readonly string[] }} traits `variable` would name another database; `setUp` is SQL
   *   that runs at each start; `options` are added to the server's usual options
   */
  constructor(folder, { variable, setUp = [], options = [] }) {
    this.#folder = folder;
    this.#data = join(folder, 'data');
    this.#state = new ServerState(folder);
    this.#traits = { variable, setUp, options };
  }

  /**
   * @param {string} user
   * @param {string} [database] none by default
   * @returns {string} a connection URL
   */
  url(user, database = '') {
    if (this.#socket === undefined) throw new Error('The server is not running: call join() first.');
    const path = this.#socket.split('/').map(encodeURIComponent).join('/');
    return `mysql://${user}@localhost/${database}?socketPath=${path}`;
  }

  /**
   * Starts the server unless it is running.
   *
   * @param {AbortSignal} stop
   */
  async join(stop) {
    const use = async () => {
      this.#state.addUser();
      try {
        this.#socket = (await this.#findRunning(stop)) ?? (await this.#start(stop));
      } catch (error) {
        await this.#leave();
        throw error;
      }
    };
    await this.#inTurn(use, stop);
  }

  /** Stops the server unless another process uses it. */
  async leave() {
    await this.#inTurn(() => this.#leave());
  }

  /** Kills the server, even if it is used, and removes the folder with all data. */
  async destroy() {
    await this.#inTurn(async () => {
      const server = this.#state.findServer(this.#data);
      if (server === null) return;
      await endProcess(server.process, 0);
      this.#state.forgetServer(server);
    });
    rmSync(this.#folder, { recursive: true, force: true });
    this.#state.remove();
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @param {AbortSignal} [stop]
   */
  #inTurn(work, stop) {
    return inTurn(join(this.#state.path, 'turn.lock'), work, stop);
  }

  /**
   * @param {AbortSignal} stop
   * @returns {Promise<string | null>} the socket of the server that runs on this data, once it is
   *   ready
   */
  async #findRunning(stop) {
    const server = this.#state.findServer(this.#data);
    if (server === null) return null;
    await untilReady(server, this.#folder, stop);
    return server.socket;
  }

  /** @param {AbortSignal} stop */
  async #start(stop) {
    const { variable, setUp, options } = this.#traits;
    const [folder, data] = [this.#folder, this.#data];
    const program = await chooseServerProgram(data, variable, stop);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    const account = chooseServerAccount(folder, data, program.path);
    giveTo(account, folder);
    await ensureDataDirectory(data, program, account, stop);
    const socket = chooseSocket(folder, account);
    await step(`Starting the private ${program.kind} server`, async () => {
      const process = launchServer({ folder, data, socket, setUp, options, program, account });
      this.#state.saveServer({ process, socket });
      await untilReady({ process, socket }, folder, stop);
    });
    return socket;
  }

  async #leave() {
    if (!this.#state.removeUser()) return;
    const server = this.#state.findServer(this.#data);
    if (server === null) return;
    await step('Stopping the private database', () => endProcess(server.process, STOP_DEADLINE_MS));
    this.#state.forgetServer(server);
  }
}
