import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, existsSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFolder } from '../project.mjs';

/**
 * Whom the server runs as.
 * @typedef {{ uid: number, gid: number }} Account
 */

/** System users with no rights, the more fitting first. */
const SYSTEM_USERS = ['mysql', 'nobody'];

const ROOT = { uid: 0, gid: 0 };

/**
 * Not root where avoidable: root hands the server to the owner of the project, or to a user without rights, if that
 * user can reach the folder. (It cannot if the project lies below root's own home.)
 *
 * @param {string} folder the server's own, which exists
 * @param {string} data the data directory in it
 * @param {string} program the path of the server
 * @returns {Account | null} null for ourselves, who are not root
 */
export function chooseServerAccount(folder, data, program) {
  if (process.getuid?.() !== 0) return null;
  // Files of a server that has run must stay its own.
  const candidates = existsSync(data) ? [statSync(data)] : [statSync(projectFolder), ...SYSTEM_USERS.map(find)];
  const account = candidates.find(
    (candidate) => candidate && candidate.uid !== 0 && canRun(candidate, folder, program),
  );
  return account === undefined ? ROOT : { uid: account.uid, gid: account.gid };
}

/** Gives the folder and all in it to the account, if it is not already its. */
export function giveTo(account, folder) {
  if (account === null || statSync(folder).uid === account.uid) return;
  giveTree(account, folder);
}

function giveTree({ uid, gid }, path) {
  if (!lstatSync(path).isDirectory()) return lchownSync(path, uid, gid);
  chownSync(path, uid, gid);
  for (const name of readdirSync(path)) giveTree({ uid, gid }, join(path, name));
}

/** Asked by really trying: modes, ACLs and mounts all have a say. */
function canRun({ uid, gid }, folder, program) {
  const question = 'cd -- "$1" && "$2" --no-defaults --version';
  return spawnSync('/bin/sh', ['-c', question, 'sh', dirname(folder), program], { uid, gid, cwd: '/' }).status === 0;
}

function find(name) {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`));
  if (entry === undefined) return undefined;
  const [, , uid, gid] = entry.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
