import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lchownSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFolder } from '../support/project.mjs';

/**
 * The user that the server runs as.
 * @typedef {{ uid: number, gid: number }} Account
 */

/**
 * User ids that Debian and systemd leave unused, within the range of a rootless container
 * (https://systemd.io/UIDS-GIDS). The server needs no entry in /etc/passwd.
 */
const UNUSED_UIDS = { first: 60_706, last: 61_183 };

/**
 * System users that earlier versions ran the server as. Other processes of these users could read
 * the database.
 */
const SHARED_USERS = ['mysql', 'nobody'];

const ROOT = { uid: 0, gid: 0 };

/**
 * Avoids root: if this process is root, the server runs as the owner of the data or the project,
 * or as a user that nothing else runs as. It runs as root only if none of them can reach the
 * folder, as in a project below root's home.
 *
 * @param {string} folder the server's folder, which exists
 * @param {string} data the data directory in it
 * @param {string} program the path of the server
 * @returns {Account | null} null: this process is not root, and its user is the only choice
 */
export function chooseServerAccount(folder, data, program) {
  if (process.getuid?.() !== 0) return null;
  const users = readUsers();
  const shared = SHARED_USERS.map((name) => users.get(name));
  const owners = [data, projectFolder].filter((path) => existsSync(path)).map((path) => statSync(path));
  const candidates = [...owners.filter(({ uid }) => uid !== 0 && !shared.includes(uid)), unusedAccount(folder, users)];
  const account = candidates.find((candidate) => canRun(candidate, folder, program));
  return account === undefined ? ROOT : { uid: account.uid, gid: account.gid };
}

/**
 * Gives the folder and everything in it to the account.
 *
 * @param {Account | null} account
 * @param {string} folder
 */
export function giveTo(account, folder) {
  if (account === null || statSync(folder).uid === account.uid) return;
  giveTree(account, folder);
}

/**
 * A folder comes after its content: the owner of a folder shows that its content was given.
 *
 * @param {Account} account
 * @param {string} path
 */
function giveTree(account, path) {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveTree(account, join(path, name));
  lchownSync(path, account.uid, account.gid);
}

/**
 * Tries it: modes, ACLs and mounts all matter.
 *
 * @param {Account} account
 * @param {string} folder
 * @param {string} program
 */
function canRun({ uid, gid }, folder, program) {
  const trial = 'cd -- "$1" && "$2" --no-defaults --version';
  return spawnSync('/bin/sh', ['-c', trial, 'sh', dirname(folder), program], { uid, gid, cwd: '/' }).status === 0;
}

/**
 * Derived from the path, so that two servers rarely have the same.
 *
 * @param {string} folder
 * @param {Map<string, number>} users
 * @returns {Account}
 */
function unusedAccount(folder, users) {
  const { first, last } = UNUSED_UIDS;
  const taken = new Set(users.values());
  const start = createHash('sha256').update(folder).digest().readUInt32BE() % (last - first + 1);
  for (let step = 0; step <= last - first; step += 1) {
    const uid = first + ((start + step) % (last - first + 1));
    if (!taken.has(uid)) return { uid, gid: uid };
  }
  return ROOT;
}

/** @returns {Map<string, number>} the id of each user */
function readUsers() {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  return new Map(lines.map((line) => line.split(':')).map(([name = '', , uid]) => [name, Number(uid)]));
}
