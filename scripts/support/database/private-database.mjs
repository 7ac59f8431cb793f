import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { inTurn } from '../lock.mjs';
import { endProcess, isAlive, nameProcess } from '../processes.mjs';
import { step } from '../steps.mjs';
import { ensureDataDirectory } from './data-directory.mjs';
import { chooseServerAccount, giveTo } from './server-account.mjs';
import { chooseServerProgram } from './server-choice.mjs';
import { launchServer, untilReady } from './server-process.mjs';
import { chooseSocket, greets, removeSocket } from './socket.mjs';

const STOP_DEADLINE_MS = 60_000;

/**
 * A database server of our own in a folder that only it may enter: that is why its users need no passwords.
 * Several scripts may use it at once: the first starts it, the last to leave stops it. One that a crash left running,
 * with nobody using it, is used as it is.
 */
export class PrivateDatabase {
  /**
   * @param {string} folder
   * @param {{ variable: string, setUp?: string[], options?: string[] }} traits `variable` names the setting that would
   *   make this server unnecessary; `setUp` is SQL for each start
   */
  constructor(folder, { variable, setUp = [], options = [] }) {
    this.folder = folder;
    this.traits = { variable, setUp, options };
    this.data = join(folder, 'data');
    // Not in the server's own folder, which is the server's to write in: we act on what is said here.
    this.notes = `${folder}.run`;
    this.socket = undefined;
  }

  /** @returns {string} a URL for the user, without the database if none is given */
  url(user, database = '') {
    const path = this.socket.split('/').map(encodeURIComponent).join('/');
    return `mysql://${user}@localhost/${database}?socketPath=${path}`;
  }

  /** Starts the server if it does not run yet. @param {AbortSignal} stop */
  async join(stop) {
    await this.#inTurn(async () => {
      mkdirSync(join(this.notes, 'users'), { recursive: true });
      writeFileSync(this.#userNote(), JSON.stringify(nameProcess(process.pid)));
      try {
        this.socket = (await this.#findRunning(stop)) ?? (await this.#start(stop));
      } catch (error) {
        await this.#leave();
        throw error;
      }
    }, stop);
  }

  /** Stops the server if nobody else uses it. */
  async leave() {
    await this.#inTurn(() => this.#leave());
  }

  /** Ends the server at once, whoever uses it, and removes the folder with all its data. */
  async destroy() {
    await this.#inTurn(async () => {
      const noted = this.#readServerNote();
      if (noted === null) return;
      if (this.#isOurs(noted.process)) await endProcess(noted.process, 0);
      this.#forget(noted);
    });
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.notes, { recursive: true, force: true });
  }

  #inTurn(work, stop) {
    return inTurn(join(this.notes, 'turn.lock'), work, stop);
  }

  async #start(stop) {
    const program = await chooseServerProgram(this.data, this.traits.variable, stop);
    this.#ensureFolder();
    const account = chooseServerAccount(this.folder, this.data, program.path);
    giveTo(account, this.folder);
    await ensureDataDirectory(this.data, program, account, stop);
    const socket = chooseSocket(this.folder, account);
    await step(`Starting the private ${program.kind} server`, async () => {
      const server = launchServer({ ...this, ...this.traits, socket, program, account });
      writeFileSync(this.#serverNote(), JSON.stringify({ process: server, socket }));
      await untilReady({ process: server, socket, folder: this.folder }, stop);
    });
    return socket;
  }

  #ensureFolder() {
    // Each level by itself: `recursive` would give the mode to all that it makes.
    mkdirSync(dirname(this.folder), { recursive: true });
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    chmodSync(this.folder, 0o700);
  }

  /** @returns {Promise<string | null>} the socket of the server that runs on our data, once it is ready */
  async #findRunning(stop) {
    const noted = this.#readServerNote();
    if (noted === null) return null;
    if (this.#isOurs(noted.process)) {
      if (!(await greets(noted.socket))) await untilReady({ ...noted, folder: this.folder }, stop);
      return noted.socket;
    }
    this.#forget(noted);
    return null;
  }

  /** A copy of the project has a copy of the note: it must not take the original's server for its own. */
  #isOurs(server) {
    if (!isAlive(server)) return false;
    if (!existsSync('/proc/self/cwd')) return true;
    return existsSync(this.data) && readlinkSync(`/proc/${server.pid}/cwd`) === realpathSync(this.data);
  }

  async #leave() {
    rmSync(this.#userNote(), { force: true });
    if (this.#livingUsers() === 0) await this.#stop();
  }

  async #stop() {
    const noted = this.#readServerNote();
    if (noted === null) return;
    if (this.#isOurs(noted.process))
      await step('Stopping the private database', () => endProcess(noted.process, STOP_DEADLINE_MS));
    this.#forget(noted);
  }

  #forget(noted) {
    // The server of another copy lives on, and so must its socket.
    if (!isAlive(noted.process)) removeSocket(noted.socket, this.folder);
    rmSync(this.#serverNote(), { force: true });
  }

  #livingUsers() {
    const notes = readdirSync(join(this.notes, 'users')).map((name) => join(this.notes, 'users', name));
    const living = notes.filter((note) => isAlive(JSON.parse(readFileSync(note, 'utf8') || '{}')));
    for (const note of notes) if (!living.includes(note)) rmSync(note, { force: true });
    return living.length;
  }

  #readServerNote() {
    return existsSync(this.#serverNote()) ? JSON.parse(readFileSync(this.#serverNote(), 'utf8')) : null;
  }

  #serverNote() {
    return join(this.notes, 'server.json');
  }

  #userNote() {
    return join(this.notes, 'users', `${process.pid}.json`);
  }
}
