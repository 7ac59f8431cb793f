import { chownSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustSucceed } from '../support/command.mjs';
import { Failure } from '../support/failure.mjs';
import { step } from '../support/steps.mjs';
import { makeWhole } from '../support/whole-folder.mjs';

/** @typedef {import('./server-program.mjs').ServerProgram} ServerProgram */
/** @typedef {import('../support/command.mjs').CommandOptions} CommandOptions */

/**
 * The scripts that make MariaDB's system tables. `mariadb-install-db` feeds the same to
 * `mariadbd --bootstrap`, but needs more packages.
 */
const MARIADB_TABLES = [
  'mysql_system_tables.sql',
  'mysql_performance_tables.sql',
  'mysql_system_tables_data.sql',
  'maria_add_gis_sp_bootstrap.sql',
];

/**
 * Makes a data directory, empty and with an administrator `root@localhost` without a password,
 * unless there is one. A complete data directory is never removed.
 *
 * @param {string} data
 * @param {ServerProgram} program
 * @param {import('./server-account.mjs').Account | null} account
 * @param {AbortSignal} stop
 */
export async function ensureDataDirectory(data, program, account, stop) {
  if (existsSync(data)) return;
  await step(`Making an empty database (${program.kind} ${program.version})`, () =>
    makeWhole(data, async (draft) => {
      if (account !== null) chownSync(draft, account.uid, account.gid);
      const places = [`--datadir=${draft}`, `--tmpdir=${dirname(data)}`];
      const args = ['--no-defaults', ...places, ...(account?.uid === 0 ? ['--user=root'] : [])];
      const options = { ...account, cwd: draft, stop };
      if (program.kind === 'MySQL') await initialiseMysql(program, args, options);
      else await initialiseMariadb(program, args, options);
    }),
  );
}

/** @param {ServerProgram} program @param {string[]} args @param {CommandOptions} options */
function initialiseMysql(program, args, options) {
  const more = ['--initialize-insecure', '--auto-generate-certs=OFF'];
  return mustSucceed('Making the database', program.path, [...args, ...more], options);
}

/** @param {ServerProgram} program @param {string[]} args @param {CommandOptions} options */
function initialiseMariadb(program, args, options) {
  const folder = findTables(program);
  const input = [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    // Without it the scripts add an administrator for a system user.
    'SET @auth_root_socket = NULL;',
    ...MARIADB_TABLES.map((name) => readFileSync(join(folder, name), 'utf8')),
  ].join('\n');
  const more = ['--bootstrap', '--log-warnings=0', '--enforce-storage-engine=', '--max-allowed-packet=8M'];
  return mustSucceed('Making the database', program.path, [...args, ...more], { ...options, input });
}

/**
 * The scripts are in the `share` beside the server's `bin` or `sbin`; the rest of the path differs
 * between packages.
 *
 * @param {ServerProgram} program
 */
function findTables(program) {
  const share = join(dirname(program.path), '..', 'share');
  const folders = [join(share, 'mysql'), join(share, 'mariadb'), share];
  const found = folders.find((folder) => MARIADB_TABLES.every((name) => existsSync(join(folder, name))));
  if (found !== undefined) return found;
  throw new Failure(
    `${MARIADB_TABLES[0]}, which ${program.path} needs, is not in ${folders.join(', ')}. ` +
      `Install the whole server package.`,
  );
}
