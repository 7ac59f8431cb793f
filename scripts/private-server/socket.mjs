import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

/** Systems allow 104 to 108 bytes for the path of a socket, including its final zero. */
const MAX_PATH_LENGTH = 103;

/** The first byte after the header of a MySQL server's greeting: the version of the protocol. */
const PROTOCOL_VERSION = 10;

/**
 * Where the server listens: in its own folder, or, if that path is too long, in a short folder that
 * only the server can enter. TMPDIR is not used: it may be as long, or in a home that the server's
 * account cannot reach.
 *
 * @param {string} folder the server's folder
 * @param {import('./server-account.mjs').Account | null} account
 */
export function chooseSocket(folder, account) {
  const path = join(folder, 'server.sock');
  if (Buffer.byteLength(path) <= MAX_PATH_LENGTH) return path;
  const short = mkdtempSync('/tmp/latchkey-socket-');
  if (account !== null) chownSync(short, account.uid, account.gid);
  return join(short, 'server.sock');
}

/**
 * Removes what an ended server left: the socket, MySQL's lock beside it, and the short folder.
 *
 * @param {string} path
 * @param {string} folder the server's folder
 */
export function removeSocket(path, folder) {
  for (const file of [path, `${path}.lock`]) rmSync(file, { force: true });
  // Only an empty folder is removed: other files beside a socket may be the data.
  if (dirname(path) !== folder && existsSync(dirname(path)) && readdirSync(dirname(path)).length === 0) {
    rmdirSync(dirname(path));
  }
}

/**
 * A socket that accepts connections is not enough: the server may still be making its tables. It
 * sends its greeting when it is ready.
 *
 * @param {string} path
 * @returns {Promise<boolean>} whether a server sends its greeting
 */
export function greets(path, timeoutMs = 1000) {
  return new Promise((resolve) => {
    const socket = connect(path);
    /** @param {boolean} answer */
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (received.length > 4) finish(received[4] === PROTOCOL_VERSION);
    });
  });
}
