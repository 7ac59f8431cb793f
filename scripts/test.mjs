/*
 * `npm test [-- arguments for Jest]`: everything, against a real database server of its own and a compiled product of
 * its own, so that an `npm start` in the same folder does not notice.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileInto } from './support/build.mjs';
import { ensureChromium } from './support/chromium.mjs';
import { PrivateDatabase } from './support/database/private-database.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { ensureGalera } from './support/galera.mjs';
import { runJest } from './support/jest.mjs';
import { Lock } from './support/lock.mjs';
import { ensureNginx } from './support/nginx.mjs';
import { inProject } from './support/project.mjs';
import { ensurePromtool } from './support/promtool.mjs';
import { runScript } from './support/script.mjs';
import { step } from './support/steps.mjs';

/** The tests under load, as Jest matches paths. */
const LOAD = '/test/load/';

/** The data is thrown away: it need not survive a power cut, and waiting for the disk is most of the time. */
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
  try {
    // What a run that was killed has left.
    await Promise.all([database.destroy(), destroyServersIn(servers)]);
    const [, found] = await allOf([
      step('Compiling the product for the tests', () => compileInto(dist, stop)),
      ensureParts(database, stop),
    ]);
    const url = process.env.TEST_DATABASE_URL || database.url('root');
    const env = { TEST_DATABASE_URL: url, TEST_DIST: join(dist, 'src'), TEST_SERVERS: servers, ...found };
    return await runTests(process.argv.slice(2), env, stop);
  } finally {
    await Promise.all([database.destroy(), destroyServersIn(servers)]);
    lock.release();
  }
});

/**
 * Named tests, as named; otherwise all of them. The tests under load come last and one by one: they
 * measure, and take every processor that there is. `LATCHKEY_LOAD_TESTS=off` leaves them out.
 */
async function runTests(args, env, stop) {
  if (args.some((arg) => !arg.startsWith('-'))) return runJest(args, env, stop);
  const code = await runJest(
    [...args, '--testPathIgnorePatterns=/node_modules/', `--testPathIgnorePatterns=${LOAD}`],
    env,
    stop,
  );
  if (process.env.LATCHKEY_LOAD_TESTS === 'off') return code;
  return (
    (await runJest([...args.filter((arg) => !arg.startsWith('--maxWorkers')), '--runInBand', LOAD], env, stop)) || code
  );
}

/** One after the other: each may install a package. */
async function ensureParts(database, stop) {
  if (!process.env.TEST_DATABASE_URL) await database.join(stop);
  return {
    ...(await ensureChromium(stop)),
    ...(await ensureGalera(stop)),
    ...(await ensureNginx(stop)),
    ...(await ensurePromtool(stop)),
  };
}

/** A second run in the same folder at the same time gets a folder of its own. */
function takeTestFolder() {
  for (let number = 1; ; number += 1) {
    const folder = inProject(number === 1 ? '.data/test' : `.data/test-${number}`);
    const lock = new Lock(join(folder, 'run.lock'));
    if (lock.take() === null) return { folder, lock };
  }
}

/** A test that is interrupted does not end the servers that it has started. */
async function destroyServersIn(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  await Promise.all(names.map((name) => new PrivateDatabase(join(folder, name, 'database'), {}).destroy()));
  rmSync(folder, { recursive: true, force: true });
}

/** What all give. Waits for all even if one fails, so that none is still at work while we clean up. */
async function allOf(promises) {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.map(({ value }) => value);
}
