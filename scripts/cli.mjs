/*
 * `npm run -s cli -- COMMAND …`: the operator's commands, on the database of `npm start`, which
 * may be running or not. Standard output is the command's alone.
 */
import { existsSync } from 'node:fs';
import { ensureBuild, servedBuild } from './support/build.mjs';
import { runNode } from './support/command.mjs';
import { withServiceDatabase } from './support/database/service-database.mjs';
import { ensureDependencies, isProductionInstall } from './support/dependencies.mjs';
import { loadEnvFile } from './support/env-file.mjs';
import { runScript } from './support/script.mjs';
import { serviceLock } from './support/service.mjs';
import { reportOnStandardError } from './support/steps.mjs';

const program = `${servedBuild}/src/cli.js`;
const args = process.argv.slice(2);
// Of what follows the name of a command only the next can be no value: `create-organization --name
// help` asks for none.
const asksForHelp =
  args.length === 0 || ['help', '--help', '-h'].includes(args[0]) || ['--help', '-h'].includes(args[1]);

reportOnStandardError();
await runScript(async (stop) => {
  await loadEnvFile();
  // In production the build that is there is the one to use: what would make another is not
  // installed.
  if (!(isProductionInstall() && existsSync(program))) {
    await ensureDependencies(stop);
    // The build that is being served is the one to use, even if the sources have moved on.
    await ensureBuild(stop, () => serviceLock.isHeld() && existsSync(program));
  }
  const run = (env) => runNode([program, ...args], { stop, env: { ...process.env, ...env } });
  if (asksForHelp) return run({});
  return withServiceDatabase(stop, (url) => run({ DATABASE_URL: url }));
});
