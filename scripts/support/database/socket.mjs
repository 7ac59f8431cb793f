import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

/** Systems keep 104 to 108 bytes for the path of a socket, its final zero included. */
const LONGEST_PATH = 103;

/** The first byte that a MySQL or MariaDB server says after the header of its greeting: the version of the protocol. */
const PROTOCOL_VERSION = 10;

/**
 * Where the server listens: in its own folder, or, if that is too far down, in a short folder that only it may enter.
 * Not where TMPDIR says: that may be as long, or in a home that the server's account cannot reach.
 *
 * @param {string} folder the server's own
 * @param {import('./server-account.mjs').Account | null} account
 */
export function chooseSocket(folder, account) {
  const path = join(folder, 'server.sock');
  if (Buffer.byteLength(path) <= LONGEST_PATH) return path;
  const short = mkdtempSync('/tmp/latchkey-socket-');
  if (account !== null) chownSync(short, account.uid, account.gid);
  return join(short, 'server.sock');
}

/** Removes what a dead server left: the socket, MySQL's lock beside it, and the short folder if one was made. */
export function removeSocket(path, folder) {
  for (const file of [path, `${path}.lock`]) rmSync(file, { force: true });
  // Never more than an empty folder: what else lies beside a socket may be the data.
  if (dirname(path) !== folder && existsSync(dirname(path)) && readdirSync(dirname(path)).length === 0) {
    rmdirSync(dirname(path));
  }
}

/**
 * A socket that can be connected to proves little: the server may still be making its tables. Its greeting proves all.
 *
 * @param {string} path
 * @returns {Promise<boolean>} whether a server says its greeting
 */
export function greets(path, timeoutMs = 1000) {
  return new Promise((resolve) => {
    const socket = connect(path);
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
