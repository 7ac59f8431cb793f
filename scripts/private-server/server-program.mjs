import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { canInstallPackages, installPackage } from '../support/debian.mjs';
import { findPrograms } from '../support/ensure-tool.mjs';
import { Failure } from '../support/failure.mjs';

/**
 * A server program on this machine.
 * @typedef {object} ServerProgram
 * @property {string} path
 * @property {'MySQL' | 'MariaDB'} kind
 * @property {string} version
 * @property {boolean} supported
 */

/**
 * The environment variable that names a database to use instead of a private one.
 * @typedef {'DATABASE_URL' | 'TEST_DATABASE_URL'} DatabaseVariable
 */

/** The product is made for MySQL; Debian has MariaDB. On Debian `mysqld` is a link to MariaDB's. */
const NAMES = ['mysqld', 'mariadbd'];

/**
 * The oldest versions that the product is tested with.
 * @type {Record<ServerProgram['kind'], [major: number, minor: number]>}
 */
const OLDEST = { MySQL: [8, 4], MariaDB: [10, 11] };

/** The server alone: it sets up no service, opens no port and adds no system user. */
const PACKAGE = 'mariadb-server-core';

/** @type {Record<DatabaseVariable, string>} */
const EXAMPLES = {
  DATABASE_URL: 'DATABASE_URL=mysql://user:password@host:3306/latchkey in the environment or in .env',
  TEST_DATABASE_URL: 'TEST_DATABASE_URL=mysql://root:password@host:3306/ (of a user who may create databases)',
};

/** @returns {ServerProgram[]} in the order of preference */
export function findServerPrograms() {
  const paths = findPrograms(NAMES).map((path) => realpathSync(path));
  return [...new Set(paths)].map(identify).filter((program) => program !== null);
}

/**
 * The server program to run: one on this machine, or one that this user can install.
 *
 * @param {string} data the data directory that it must be able to read; it may not exist yet
 * @param {DatabaseVariable} variable
 * @param {AbortSignal} stop
 * @returns {Promise<ServerProgram>}
 * @throws {Failure} with what to install or set by hand
 */
export async function chooseServerProgram(data, variable, stop) {
  const kind = kindOf(data);
  const found = findServerPrograms();
  const suitable = findSuitable(found, kind);
  if (suitable !== undefined) return suitable;
  if (kind === 'MySQL' || (kind !== null && found.some(({ supported }) => supported)))
    throw wrongKind(kind, data, found);

  if (canInstallPackages()) {
    await installPackage(PACKAGE, 'No MySQL or MariaDB server is here', stop).catch((error) => {
      throw error instanceof Failure ? new Failure(`${error.message}\n\n${describeChoices(found, variable)}`) : error;
    });
    const installed = findSuitable(findServerPrograms(), kind);
    if (installed !== undefined) return installed;
  }
  throw new Failure(describeChoices(found, variable));
}

/**
 * @param {ServerProgram[]} programs
 * @param {ServerProgram['kind'] | null} kind null: any
 */
function findSuitable(programs, kind) {
  return programs.find((program) => program.supported && (kind === null || program.kind === kind));
}

/**
 * @param {string} path
 * @returns {ServerProgram | null} null if it is no server or cannot run here
 */
function identify(path) {
  const { status, stdout } = spawnSync(path, ['--no-defaults', '--version'], { encoding: 'utf8' });
  const [, major, minor] = /Ver (\d+)\.(\d+)/.exec(stdout ?? '')?.map(Number) ?? [];
  if (status !== 0 || major === undefined || minor === undefined) return null;
  const kind = stdout.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  const [oldestMajor, oldestMinor] = OLDEST[kind];
  const supported = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return { path, kind, version: `${major}.${minor}`, supported };
}

/**
 * MySQL and MariaDB cannot read each other's data. Only MySQL makes the file `mysql.ibd`.
 *
 * @param {string} data
 */
function kindOf(data) {
  if (!existsSync(data)) return null;
  return existsSync(join(data, 'mysql.ibd')) ? 'MySQL' : 'MariaDB';
}

/** @param {ServerProgram['kind']} kind @param {string} data @param {ServerProgram[]} found */
function wrongKind(kind, data, found) {
  const others = found.length === 0 ? 'No server is installed' : `${list(found)} is installed, which cannot read it`;
  return new Failure(
    `The data in ${data} was made by ${kind}. ${others}. Install ${kind}'s server; ` +
      `or, to start with an empty database, move that folder away (it contains your keys).`,
  );
}

/** @param {ServerProgram[]} found @param {DatabaseVariable} variable */
function describeChoices(found, variable) {
  const tooOld = found.length === 0 ? '' : ` (${list(found)} is too old)`;
  return `Latchkey needs a database: MySQL 8.4 or later, or MariaDB 10.11 or later. None was found${tooOld}. You can:

  1. use Docker, service and MySQL together:   docker compose up --build
  2. install a server and run this again:      sudo apt-get install ${PACKAGE}
  3. name an existing database:                ${EXAMPLES[variable]}`;
}

/** @param {ServerProgram[]} programs */
function list(programs) {
  return programs.map(({ kind, version }) => `${kind} ${version}`).join(' and ');
}
