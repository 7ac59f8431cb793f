import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../cache-folder.mjs';
import { findServerPrograms } from '../database/server-program.mjs';
import { Failure } from '../failure.mjs';
import { inTurn } from '../lock.mjs';
import { say, step } from '../steps.mjs';
import { makeWhole } from '../whole-folder.mjs';
import { canUnpack } from './debian-packages.mjs';
import { makeMysqlTree } from './mysql-tree.mjs';

/**
 * A MySQL server: the one that is installed here, else Debian's newest, in a folder of its own beside the system.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<string>} the folder of its `mysqld`, for PATH
 * @throws {Failure} if there is none and none can be had
 */
export async function ensureMysqlServer(stop) {
  const installed = findServerPrograms().find(({ kind, supported }) => kind === 'MySQL' && supported);
  if (installed !== undefined) return dirname(installed.path);

  const folder = join(cacheFolder(), 'mysql-unstable');
  mkdirSync(cacheFolder(), { recursive: true });
  await inTurn(`${folder}.lock`, () => ensureTree(folder, stop), stop);
  return folder;
}

async function ensureTree(folder, stop) {
  if (existsSync(folder)) return say(`MySQL is the one in ${folder} (remove it to get a newer one)`);
  if (!canUnpack()) throw nothingFits();
  await step(`No MySQL server is here. Unpacking Debian's newest into ${folder}`, () =>
    makeWhole(folder, (draft) => makeMysqlTree(draft, stop)),
  );
}

function nothingFits() {
  return new Failure(`There is no MySQL server (8.4 or later) here, and only on Debian can one be fetched. You can:

  1. install MySQL's server, so that mysqld is in PATH, and run this again
  2. name a server that you already have:   TEST_DATABASE_URL=mysql://root:password@host:3306/ npm test`);
}
