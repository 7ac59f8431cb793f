/*
 * `npm run bench [-- --quick --node=24]`: Latchkey beside the bare framework, the bare runtime and
 * a peer, all on this machine, on each version of Node that the product supports. Writes RESULTS.md
 * and the chart. With `--quick` (few and short rounds) or `--node` (some of the versions) it prints
 * the report instead.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileInto } from '../scripts/support/build.mjs';
import { ensureDependencies } from '../scripts/support/dependencies.mjs';
import { Failure } from '../scripts/support/failure.mjs';
import { runScript } from '../scripts/support/script.mjs';
import { step } from '../scripts/support/steps.mjs';
import { ensurePeers } from './support/peers.mjs';
import { majorsIn, runtimeOf } from './support/runtimes.mjs';
import { settingsFor, workFolder } from './support/settings.mjs';

const options = process.argv.slice(2);
// Set before better-auth is loaded, and inherited by every process that this one starts.
process.env.BETTER_AUTH_TELEMETRY = '0';

await runScript(async (stop) => {
  const { quick, node } = parseOptions();
  const majors = majorsIn(node);
  await ensureDependencies(stop);
  await ensurePeers(stop);
  const runtimes = majors.map(runtimeOf);
  mkdirSync(workFolder, { recursive: true, mode: 0o700 });
  await step('Compiling the product', () => compileInto(join(workFolder, 'dist'), stop));

  // Imported only now, because these load packages that may just have been installed.
  const { Databases } = await import('./support/databases.mjs');
  const { measureAll } = await import('./rows/all.mjs');
  const { report } = await import('./support/report.mjs');
  const databases = new Databases();
  try {
    await databases.destroy();
    await databases.start(stop);
    const results = await measureAll({ databases, runtimes, settings: settingsFor(quick), stop });
    report(results, {
      command: ['npm run bench', ...(options.length === 0 ? [] : ['--', ...options])].join(' '),
      isComplete: options.length === 0,
    });
  } finally {
    await databases.destroy();
    for (const name of ['ours', 'few', 'peer']) rmSync(join(workFolder, `${name}.txt`), { force: true });
  }
  return 0;
});

/** Any other argument is refused: the whole benchmark takes a quarter of an hour. */
function parseOptions() {
  try {
    return parseArgs({
      args: options,
      options: { quick: { type: 'boolean', default: false }, node: { type: 'string' } },
    }).values;
  } catch (error) {
    throw new Failure(`${/** @type {Error} */ (error).message}. The options are --quick and --node=20,24.`);
  }
}
