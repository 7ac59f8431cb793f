/*
 * `npm run test:mysql [-- arguments for Jest]`: `npm test` on MySQL. By itself, `npm test` uses the
 * installed server, which is MariaDB on Debian.
 */
import { delimiter } from 'node:path';
import { ensureMysqlServer } from './private-server/mysql-server.mjs';
import { findServerPrograms } from './private-server/server-program.mjs';
import { runNode } from './support/command.mjs';
import { Failure } from './support/failure.mjs';
import { inProject } from './support/project.mjs';
import { runScript } from './support/script.mjs';

await runScript(async (stop) => {
  const folder = await ensureMysqlServer(stop);
  process.env.PATH = [folder, process.env.PATH].join(delimiter);
  const chosen = findServerPrograms().find(({ supported }) => supported);
  if (chosen?.kind !== 'MySQL')
    throw new Failure(
      `The mysqld in ${folder} does not run here. If it is in the cache folder, remove it and try again.`,
    );
  // TEST_DATABASE_URL may name a server of another kind.
  const env = { ...process.env, TEST_DATABASE_URL: '' };
  return runNode([inProject('scripts/test.mjs'), ...process.argv.slice(2)], { stop, env });
});
