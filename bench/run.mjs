/*
 * `npm run bench [-- --quick]`: Latchkey side by side with the bare framework and with a peer, all on this machine.
 * Writes RESULTS.md and the chart; with `--quick`, which is only good for a first look, it prints them instead.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileInto } from '../scripts/support/build.mjs';
import { ensureDependencies } from '../scripts/support/dependencies.mjs';
import { runScript } from '../scripts/support/script.mjs';
import { step } from '../scripts/support/steps.mjs';
import { ensurePeers } from './support/peers.mjs';
import { settingsFor, workFolder } from './support/settings.mjs';

const quick = process.argv.includes('--quick');
// Before anything of better-auth is loaded, and for all that we start.
process.env.BETTER_AUTH_TELEMETRY = '0';

await runScript(async (stop) => {
  await ensureDependencies(stop);
  await ensurePeers(stop);
  mkdirSync(workFolder, { recursive: true, mode: 0o700 });
  await step('Compiling the product', () => compileInto(join(workFolder, 'dist'), stop));

  // Only now: these load packages that may just have been installed.
  const { Databases } = await import('./support/databases.mjs');
  const { measureAll } = await import('./rows/all.mjs');
  const { report } = await import('./support/report.mjs');
  const databases = new Databases();
  try {
    await databases.destroy();
    await databases.start(stop);
    const results = await measureAll({ databases, settings: settingsFor(quick), stop });
    report(results, { quick });
  } finally {
    await databases.destroy();
    for (const name of ['ours', 'few', 'peer']) rmSync(join(workFolder, `${name}.txt`), { force: true });
  }
  return 0;
});
