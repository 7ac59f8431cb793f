/* MySQL on a machine that has none, for `npm run test:mysql`: Debian's, unpacked, not installed. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { canUnpackPackages, unpackPackage } from '../support/debian.mjs';
import { Failure } from '../support/failure.mjs';
import { inTurn } from '../support/lock.mjs';
import { cacheFolder } from '../support/project.mjs';
import { say, step } from '../support/steps.mjs';
import { makeWhole } from '../support/whole-folder.mjs';
import { findServerPrograms } from './server-program.mjs';

/** The server alone. Of Debian's suites only unstable has MySQL. */
const MYSQL = { name: 'mysql-server-core', program: 'usr/sbin/mysqld' };

/**
 * Finds MySQL's server on this machine, or unpacks Debian's newest into the cache folder.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<string>} the folder of its `mysqld`, for PATH
 * @throws {Failure} if there is none and this machine cannot unpack one
 */
export async function ensureMysqlServer(stop) {
  const installed = findServerPrograms().find(({ kind, supported }) => kind === 'MySQL' && supported);
  if (installed !== undefined) return dirname(installed.path);

  const folder = join(cacheFolder(), 'mysql-unstable');
  mkdirSync(cacheFolder(), { recursive: true });
  await inTurn(`${folder}.lock`, () => unpackMysql(folder, stop), stop);
  return folder;
}

/** @param {string} folder @param {AbortSignal} stop */
async function unpackMysql(folder, stop) {
  if (existsSync(folder)) return say(`MySQL is the one in ${folder} (remove the folder to get a newer one)`);
  if (!canUnpackPackages())
    throw new Failure(`There is no MySQL server (8.4 or later) here, and it can be unpacked on Debian only. You can:

  1. install MySQL's server, so that mysqld is in PATH, and run this again
  2. name an existing server:   TEST_DATABASE_URL=mysql://root:password@host:3306/ npm test`);
  await step(`No MySQL server is here. Unpacking Debian's newest into ${folder}`, () =>
    makeWhole(folder, (draft) => makeProgramTree(MYSQL, draft, stop)),
  );
}

/**
 * Makes a folder with a program that runs in place, as any user: the packages are in `root`, and a
 * launcher with the program's name runs it. Nothing is installed on this machine, and no script of
 * a package runs.
 *
 * @param {{ name: string, program: string }} wanted a package of Debian's unstable suite, and the
 *   program's path in it
 * @param {string} folder
 * @param {AbortSignal} stop
 */
export async function makeProgramTree({ name, program }, folder, stop) {
  const root = join(folder, 'root');
  const scratch = join(folder, 'scratch');
  mkdirSync(root);
  mkdirSync(scratch);
  // Root's apt downloads as an unprivileged user, who must be able to reach the folder.
  chmodSync(folder, 0o755);
  await unpackPackage(name, root, scratch, stop);
  rmSync(scratch, { recursive: true });
  writeFileSync(join(folder, basename(program)), launcher(findLoader(root), program), { mode: 0o755 });
}

/**
 * Starts the program with the loader and the libraries of its own packages, because this machine's
 * C library may be older. Unlike `chroot`, it needs neither root nor mounts, and keeps paths as
 * they are.
 *
 * @param {string} loader
 * @param {string} program
 */
function launcher(loader, program) {
  return `#!/bin/sh
root=$(dirname -- "$(readlink -f -- "$0")")/root
libraries="$root/${dirname(loader)}"
exec "$libraries/${basename(loader)}" --library-path "$libraries" "$root/${program}" "$@"
`;
}

/**
 * @param {string} root
 * @returns {string} "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
 */
function findLoader(root) {
  const folders = readdirSync(join(root, 'usr/lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) {
    const loader = readdirSync(join(root, 'usr/lib', name)).find((file) => /^ld-linux.*\.so\.\d$/.test(file));
    if (loader !== undefined) return join('usr/lib', name, loader);
  }
  throw new Failure(`The packages in ${root} contain no C library for this machine.`);
}
