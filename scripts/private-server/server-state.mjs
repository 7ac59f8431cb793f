import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { identifyThisProcess, isAlive } from '../support/processes.mjs';
import { removeSocket } from './socket.mjs';

/** @typedef {import('../support/processes.mjs').ProcessId} ProcessId */
/** @typedef {{ process: ProcessId, socket: string }} RunningServer */

/**
 * The files through which the scripts share a private server: which process it is, and which
 * processes use it. The files survive a `kill -9`, and the project may be moved or copied with
 * them, so each is checked when it is read.
 */
export class ServerState {
  /**
   * @param {string} folder the server's folder. The files are beside it, because the server can
   *   change everything in it
   */
  constructor(folder) {
    this.folder = folder;
    this.path = `${folder}.run`;
  }

  /** @param {RunningServer} server */
  saveServer({ process, socket }) {
    // A relative path stays right when the folder is moved.
    const path = dirname(socket) === this.folder ? 'server.sock' : socket;
    writeFileSync(this.#serverFile(), JSON.stringify({ process, socket: path }));
  }

  /**
   * Finds the running server. Cleans up after one that has ended.
   *
   * @param {string} data the data directory that it must run on
   * @returns {RunningServer | null}
   */
  findServer(data) {
    /** @type {RunningServer | null} */
    const saved = readJson(this.#serverFile());
    if (saved === null) return null;
    const server = { process: saved.process, socket: resolve(this.folder, saved.socket) };
    if (isAlive(server.process)) return runsOn(server.process, data) ? server : null;
    removeSocket(server.socket, this.folder);
    return null;
  }

  /**
   * Must be called when the server has ended.
   *
   * @param {RunningServer} server
   */
  forgetServer({ socket }) {
    removeSocket(socket, this.folder);
    rmSync(this.#serverFile(), { force: true });
  }

  /** Adds this process to the users of the server. */
  addUser() {
    mkdirSync(this.#usersFolder(), { recursive: true });
    writeFileSync(this.#ownFile(), JSON.stringify(identifyThisProcess()));
  }

  /** @returns {boolean} whether no process uses the server any more */
  removeUser() {
    rmSync(this.#ownFile(), { force: true });
    const files = readdirSync(this.#usersFolder()).map((name) => join(this.#usersFolder(), name));
    for (const file of files) {
      /** @type {ProcessId | null} */
      const user = readJson(file);
      if (user !== null && isAlive(user)) return false;
      rmSync(file, { force: true });
    }
    return true;
  }

  remove() {
    rmSync(this.path, { recursive: true, force: true });
  }

  #serverFile() {
    return join(this.path, 'server.json');
  }

  #usersFolder() {
    return join(this.path, 'users');
  }

  #ownFile() {
    return join(this.#usersFolder(), `${process.pid}.json`);
  }
}

/**
 * A copy of the project has a copy of the file, but the server is the original's.
 *
 * @param {ProcessId} process
 * @param {string} data
 */
function runsOn({ pid }, data) {
  if (!existsSync('/proc/self/cwd')) return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch {
    return false;
  }
}

/**
 * @param {string} file
 * @returns null if it is missing, or empty after a power failure
 */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
