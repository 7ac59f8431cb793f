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
import { isAlive, nameProcess } from '../processes.mjs';
import { removeSocket } from './socket.mjs';

/**
 * A running server.
 * @typedef {{ process: import('../processes.mjs').ProcessName, socket: string }} RunningServer
 */

/**
 * What the scripts tell each other about a private server: which process it is, and who uses it.
 * They outlive a `kill -9`, and the project may be moved or copied with them, so each is checked before it is believed.
 */
export class ServerNotes {
  /** @param {string} folder the server's; the notes lie beside it, since what lies in it is the server's to change */
  constructor(folder) {
    this.folder = folder;
    this.path = `${folder}.run`;
  }

  /** @param {RunningServer} server */
  noteServer({ process, socket }) {
    // In its own folder it goes where the folder goes.
    const path = dirname(socket) === this.folder ? 'server.sock' : socket;
    writeFileSync(this.#serverFile(), JSON.stringify({ process, socket: path }));
  }

  /**
   * Finds the server, or cleans up after a dead one.
   *
   * @param {string} data the directory that it must be at work in
   * @returns {RunningServer | null}
   */
  findServer(data) {
    const noted = readJson(this.#serverFile());
    if (noted === null) return null;
    const server = { process: noted.process, socket: resolve(this.folder, noted.socket) };
    if (isAlive(server.process)) return worksIn(server.process, data) ? server : null;
    removeSocket(server.socket, this.folder);
    return null;
  }

  /** To be called when the server has ended. */
  forgetServer({ socket }) {
    removeSocket(socket, this.folder);
    rmSync(this.#serverFile(), { force: true });
  }

  /** This process uses the server from now on. */
  enter() {
    mkdirSync(this.#usersFolder(), { recursive: true });
    writeFileSync(this.#userFile(process.pid), JSON.stringify(nameProcess(process.pid)));
  }

  /** @returns {boolean} whether nobody uses the server any more */
  exit() {
    rmSync(this.#userFile(process.pid), { force: true });
    const files = readdirSync(this.#usersFolder()).map((name) => join(this.#usersFolder(), name));
    for (const file of files) {
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

  #userFile(pid) {
    return join(this.#usersFolder(), `${pid}.json`);
  }
}

/** A copy of the project has a copy of the note: it must not take the original's server for its own. */
function worksIn({ pid }, data) {
  if (!existsSync('/proc/self/cwd')) return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch {
    return false;
  }
}

/** A file that a power cut left empty says nothing. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
