import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn } from '../lock.mjs';
import { endProcess } from '../processes.mjs';
import { step } from '../steps.mjs';
import { ensureDataDirectory } from './data-directory.mjs';
import { chooseServerAccount, giveTo } from './server-account.mjs';
import { chooseServerProgram } from './server-choice.mjs';
import { ServerNotes } from './server-notes.mjs';
import { launchServer, untilReady } from './server-process.mjs';
import { chooseSocket } from './socket.mjs';

const STOP_DEADLINE_MS = 60_000;

/**
 * A database server of our own in a folder that only it may enter: that is why its users need no passwords.
 * Several scripts may use it at once: the first starts it, the last to leave stops it. One that a crash left running,
 * with nobody using it, is taken over.
 */
export class PrivateDatabase {
  #folder;
  #data;
  #notes;
  #traits;
  #socket;

  /**
   * @param {string} folder
   * @param {{ variable: string, setUp?: string[], options?: string[] }} traits `variable` names the setting that would
   *   make this server unnecessary; `setUp` is SQL for each start; `options` are the server's, beyond the usual
   */
  constructor(folder, { variable, setUp = [], options = [] }) {
    this.#folder = folder;
    this.#data = join(folder, 'data');
    this.#notes = new ServerNotes(folder);
    this.#traits = { variable, setUp, options };
  }

  /** @returns {string} a URL for the user, without a database if none is given */
  url(user, database = '') {
    const path = this.#socket.split('/').map(encodeURIComponent).join('/');
    return `mysql://${user}@localhost/${database}?socketPath=${path}`;
  }

  /**
   * Starts the server if it does not run yet.
   *
   * @param {AbortSignal} stop
   */
  async join(stop) {
    const use = async () => {
      this.#notes.enter();
      try {
        this.#socket = (await this.#findRunning(stop)) ?? (await this.#start(stop));
      } catch (error) {
        await this.#leave();
        throw error;
      }
    };
    await this.#inTurn(use, stop);
  }

  /** Stops the server if nobody else uses it. */
  async leave() {
    await this.#inTurn(() => this.#leave());
  }

  /** Ends the server at once, whoever uses it, and removes the folder with all its data. */
  async destroy() {
    await this.#inTurn(async () => {
      const server = this.#notes.findServer(this.#data);
      if (server === null) return;
      await endProcess(server.process, 0);
      this.#notes.forgetServer(server);
    });
    rmSync(this.#folder, { recursive: true, force: true });
    this.#notes.remove();
  }

  #inTurn(work, stop) {
    return inTurn(join(this.#notes.path, 'turn.lock'), work, stop);
  }

  /** @returns {Promise<string | null>} the socket of the server that is at work on our data, once it is ready */
  async #findRunning(stop) {
    const server = this.#notes.findServer(this.#data);
    if (server === null) return null;
    await untilReady(server, this.#folder, stop);
    return server.socket;
  }

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
      this.#notes.noteServer({ process, socket });
      await untilReady({ process, socket }, folder, stop);
    });
    return socket;
  }

  async #leave() {
    if (!this.#notes.exit()) return;
    const server = this.#notes.findServer(this.#data);
    if (server === null) return;
    await step('Stopping the private database', () => endProcess(server.process, STOP_DEADLINE_MS));
    this.#notes.forgetServer(server);
  }
}
