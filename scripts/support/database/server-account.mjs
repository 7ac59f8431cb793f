import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lchownSync, existsSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFolder } from '../project.mjs';

/**
 * Whom the server runs as.
 * @typedef {{ uid: number, gid: number }} Account
 */

/**
 * Numbers for users that neither Debian nor systemd nor anybody's tools give to anyone, within what
 * a rootless container has (https://systemd.io/UIDS-GIDS). The server needs no entry in
 * /etc/passwd.
 */
const UNUSED_UIDS = { first: 60_706, last: 61_183 };

/**
 * Users of the system that earlier versions ran the server as. Every other process of such a user
 * owned the database.
 */
const SHARED_USERS = ['mysql', 'nobody'];

const ROOT = { uid: 0, gid: 0 };

/**
 * Not root where avoidable: root hands the server to the owner of the project, or to an account that only this server has,
 * if that account can reach the folder. (It cannot if the project lies below root's own home.)
 *
 * @param {string} folder the server's own, which exists
 * @param {string} data the data directory in it
 * @param {string} program the path of the server
 * @returns {Account | null} null for ourselves, who are not root
 */
export function chooseServerAccount(folder, data, program) {
  if (process.getuid?.() !== 0) return null;
  const users = readUsers();
  const shared = SHARED_USERS.map((name) => users.get(name));
  const owners = [data, projectFolder].filter(existsSync).map((path) => statSync(path));
  const candidates = [...owners.filter(({ uid }) => uid !== 0 && !shared.includes(uid)), unusedAccount(folder, users)];
  const account = candidates.find((candidate) => canRun(candidate, folder, program));
  return account === undefined ? ROOT : { uid: account.uid, gid: account.gid };
}

/** Gives the folder and all in it to the account, if it is not already its. */
export function giveTo(account, folder) {
  if (account === null || statSync(folder).uid === account.uid) return;
  giveTree(account, folder);
}

/**
 * What lies in a folder goes before the folder: one that was interrupted is noticed by its owner,
 * and done again.
 */
function giveTree({ uid, gid }, path) {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveTree({ uid, gid }, join(path, name));
  lchownSync(path, uid, gid);
}

/** Asked by really trying: modes, ACLs and mounts all have a say. */
function canRun({ uid, gid }, folder, program) {
  const question = 'cd -- "$1" && "$2" --no-defaults --version';
  return spawnSync('/bin/sh', ['-c', question, 'sh', dirname(folder), program], { uid, gid, cwd: '/' }).status === 0;
}

/** Derived from the path, so that two servers rarely share one. @returns {Account} */
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

/** @returns {Map<string, number>} the number of each user */
function readUsers() {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  return new Map(lines.map((line) => line.split(':')).map(([name, , uid]) => [name, Number(uid)]));
}
