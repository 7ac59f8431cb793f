import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.mjs';
import { canInstallServer, installServer } from './server-package.mjs';
import { findServerPrograms } from './server-program.mjs';

const EXAMPLES = {
  DATABASE_URL: 'DATABASE_URL=mysql://user:password@host:3306/latchkey in the environment or in .env',
  TEST_DATABASE_URL: 'TEST_DATABASE_URL=mysql://root:password@host:3306/ (of a user who may create databases)',
};

/**
 * The server to run: one that is here, else one that can be installed.
 *
 * @param {string} data the data directory that it is for, which may not exist yet
 * @param {string} variable the environment variable that would name a database instead
 * @param {AbortSignal} stop
 * @returns {Promise<import('./server-program.mjs').ServerProgram>}
 * @throws {Failure} with the choices that are left
 */
export async function chooseServerProgram(data, variable, stop) {
  const kind = kindOf(data);
  const fits = (program) => program.supported && (kind === null || program.kind === kind);
  const found = findServerPrograms();
  if (found.some(fits)) return found.find(fits);
  if (kind === 'MySQL' || (kind !== null && found.some(({ supported }) => supported)))
    throw wrongKind(kind, data, found);

  if (canInstallServer()) {
    await installServer(stop).catch((error) => {
      throw error instanceof Failure ? new Failure(`${error.message}\n\n${choices(found, variable)}`) : error;
    });
    const installed = findServerPrograms().find(fits);
    if (installed !== undefined) return installed;
  }
  throw new Failure(choices(found, variable));
}

/** The two read each other's files no longer. Each leaves a file that the other does not know. */
function kindOf(data) {
  if (!existsSync(data)) return null;
  return existsSync(join(data, 'mysql.ibd')) ? 'MySQL' : 'MariaDB';
}

function wrongKind(kind, data, found) {
  return new Failure(
    `The data in ${data} was made by ${kind}, and ${list(found)} found here cannot read it. ` +
      `Install ${kind}'s server; or, to begin with an empty database, move that folder away (it holds your keys).`,
  );
}

function choices(found, variable) {
  const tooOld = found.length === 0 ? '' : ` (${list(found)} found here is too old)`;
  return `Latchkey needs a database: MySQL 8.4 or later, or MariaDB 10.11 or later. There is none here${tooOld}. You can:

  1. use Docker, service and MySQL together:   docker compose up --build
  2. install a server and run this again:      sudo apt-get install mariadb-server-core
  3. name one that you already have:           ${EXAMPLES[variable]}`;
}

function list(programs) {
  return programs.length === 0 ? 'no server' : programs.map(({ kind, version }) => `${kind} ${version}`).join(' and ');
}
