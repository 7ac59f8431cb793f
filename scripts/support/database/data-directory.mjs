import { chownSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { step } from '../steps.mjs';
import { makeWhole } from '../whole-folder.mjs';

/** What makes MariaDB's own tables, fed to `mariadbd --bootstrap` as `mariadb-install-db` does (which needs more packages). */
const MARIADB_TABLES = [
  'mysql_system_tables.sql',
  'mysql_performance_tables.sql',
  'mysql_system_tables_data.sql',
  'maria_add_gis_sp_bootstrap.sql',
];

/**
 * Makes an empty data directory, whose administrator `root@localhost` has no password, unless there is one.
 * What has the right name is whole and is never removed.
 *
 * @param {string} data
 * @param {import('./server-program.mjs').ServerProgram} program
 * @param {import('./server-account.mjs').Account | null} account
 * @param {AbortSignal} stop
 */
export async function ensureDataDirectory(data, program, account, stop) {
  if (existsSync(data)) return;
  const make = async (draft) => {
    if (account !== null) chownSync(draft, account.uid, account.gid);
    const args = ['--no-defaults', `--datadir=${draft}`, ...(account?.uid === 0 ? ['--user=root'] : [])];
    const options = { ...account, cwd: draft, stop };
    if (program.kind === 'MySQL') await initialiseMysql(program, args, options);
    else await initialiseMariadb(program, args, options);
  };
  await step(`Making an empty database (${program.kind} ${program.version})`, () => makeWhole(data, make));
}

function initialiseMysql(program, args, options) {
  return mustSucceed(
    'Making the database',
    program.path,
    [...args, '--initialize-insecure', '--auto-generate-certs=OFF'],
    options,
  );
}

function initialiseMariadb(program, args, options) {
  const folder = findTables(program);
  const input = [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    // No second administrator who is known by the name of a system user.
    'SET @auth_root_socket = NULL;',
    ...MARIADB_TABLES.map((name) => readFileSync(join(folder, name), 'utf8')),
  ].join('\n');
  const more = ['--bootstrap', '--log-warnings=0', '--enforce-storage-engine=', '--max-allowed-packet=8M'];
  return mustSucceed('Making the database', program.path, [...args, ...more], { ...options, input });
}

/** The files lie in the `share` beside the server's `bin` or `sbin`; packagers differ in the rest. */
function findTables(program) {
  const share = join(dirname(program.path), '..', 'share');
  const folders = [join(share, 'mysql'), join(share, 'mariadb'), share];
  const found = folders.find((folder) => MARIADB_TABLES.every((name) => existsSync(join(folder, name))));
  if (found !== undefined) return found;
  throw new Failure(
    `${program.path} came without ${MARIADB_TABLES[0]} (looked for in ${folders.join(', ')}). Install the whole server package.`,
  );
}
