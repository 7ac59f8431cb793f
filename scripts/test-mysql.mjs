/*
 * `npm run test:mysql [-- arguments for Jest]`: all that `npm test` does, on MySQL itself. `npm test` runs on the
 * server that is here, which on Debian is MariaDB.
 */
import { delimiter } from 'node:path';
import { runNode } from './support/command.mjs';
import { findServerPrograms } from './support/database/server-program.mjs';
import { Failure } from './support/failure.mjs';
import { ensureMysqlServer } from './support/mysql/mysql-server.mjs';
import { inProject } from './support/project.mjs';
import { runScript } from './support/script.mjs';

await runScript(async (stop) => {
  const folder = await ensureMysqlServer(stop);
  process.env.PATH = [folder, process.env.PATH].join(delimiter);
  const chosen = findServerPrograms().find(({ supported }) => supported);
  if (chosen?.kind !== 'MySQL')
    throw new Failure(`The mysqld in ${folder} does not run here. If that folder is ours, remove it and try again.`);
  // A server that somebody has named for `npm test` may be anything.
  const env = { ...process.env, TEST_DATABASE_URL: '' };
  return runNode([inProject('scripts/test.mjs'), ...process.argv.slice(2)], { stop, env });
});
