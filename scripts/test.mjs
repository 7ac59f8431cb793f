/*
 * `npm test [-- arguments for Jest]`: all tests, on their own database server and their own build,
 * so that an `npm start` in the same folder is not disturbed.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateDatabase } from './private-server/private-database.mjs';
import { compileInto } from './support/build.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { runJest } from './support/jest.mjs';
import { Lock } from './support/lock.mjs';
import { inProject } from './support/project.mjs';
import { runScript } from './support/script.mjs';
import { step } from './support/steps.mjs';
import { ensureTestTools } from './support/test-tools.mjs';

/** The tests under load, as Jest matches paths. */
const LOAD = '/test/load/';

/** The data need not survive a power failure, and waiting for the disk takes most of the time. */
const OPTIONS = [
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-doublewrite=0',
  '--innodb-flush-method=nosync',
  '--max-connections=300',
];

await runScript(async (stop) => {
  await ensureDependencies(stop);
  const { folder, lock } = takeTestFolder();
  const dist = join(folder, 'dist');
  const servers = join(folder, 'servers');
  const database = new PrivateDatabase(join(folder, 'database'), { variable: 'TEST_DATABASE_URL', options: OPTIONS });
  const destroyServers = () => Promise.all([database.destroy(), destroyServersIn(servers)]);
  try {
    // Those of a run that was killed.
    await destroyServers();
    const compiling = step('Compiling the product for the tests', () => compileInto(dist, stop));
    const preparing = prepare(database, stop);
    // If one fails, the other must end before the clean-up.
    await Promise.allSettled([compiling, preparing]);
    await compiling;
    const env = { TEST_DIST: join(dist, 'src'), TEST_SERVERS: servers, ...(await preparing) };
    return await runTests(process.argv.slice(2), env, stop);
  } finally {
    await destroyServers();
    lock.release();
  }
});

/**
 * Runs the named tests, or all. The tests under load run last and one by one, because they measure
 * and use all processors. `LATCHKEY_LOAD_TESTS=off` leaves them out.
 *
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {AbortSignal} stop
 */
async function runTests(args, env, stop) {
  if (args.some((arg) => !arg.startsWith('-'))) return runJest(args, env, stop);
  const withoutLoad = ['/node_modules/', LOAD].map((path) => `--testPathIgnorePatterns=${path}`);
  const code = await runJest([...args, ...withoutLoad], env, stop);
  if (process.env.LATCHKEY_LOAD_TESTS === 'off') return code;
  const oneByOne = [...args.filter((arg) => !arg.startsWith('--maxWorkers')), '--runInBand', LOAD];
  return (await runJest(oneByOne, env, stop)) || code;
}

/**
 * @param {PrivateDatabase} database
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} environment variables for the tests
 */
async function prepare(database, stop) {
  const given = process.env.TEST_DATABASE_URL;
  if (!given) await database.join(stop);
  const tools = await ensureTestTools(stop);
  return { TEST_DATABASE_URL: given || database.url('root'), ...tools };
}

/** A second run in the same folder at the same time gets its own folder. */
function takeTestFolder() {
  for (let number = 1; ; number += 1) {
    const folder = inProject(number === 1 ? '.data/test' : `.data/test-${number}`);
    const lock = new Lock(join(folder, 'run.lock'));
    if (lock.take() === null) return { folder, lock };
  }
}

/**
 * Destroys the servers that tests have started: an interrupted test leaves them running.
 *
 * @param {string} folder
 */
async function destroyServersIn(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const databases = names.map((name) => join(folder, name, 'database'));
  await Promise.all(databases.map((path) => new PrivateDatabase(path, { variable: 'TEST_DATABASE_URL' }).destroy()));
  rmSync(folder, { recursive: true, force: true });
}
