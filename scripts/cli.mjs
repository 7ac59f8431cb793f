/*
 * `npm run -s cli -- COMMAND …`: the operator's commands, on the database of `npm start`, which may
 * be running. Standard output contains the output of the command only.
 */
import { existsSync } from 'node:fs';
import { withServiceDatabase } from './private-server/service-database.mjs';
import { ensureBuild, servedBuild } from './support/build.mjs';
import { runNode } from './support/command.mjs';
import { ensureDependencies, isProductionInstall } from './support/dependencies.mjs';
import { loadEnvFile } from './support/env-file.mjs';
import { runScript } from './support/script.mjs';
import { serviceLock } from './support/service.mjs';
import { reportOnStandardError } from './support/steps.mjs';

const program = `${servedBuild}/src/cli.js`;
const args = process.argv.slice(2);

reportOnStandardError();
await runScript(async (stop) => {
  await loadEnvFile();
  // A production install has no compiler: it uses the build that is there.
  if (!(isProductionInstall() && existsSync(program))) {
    await ensureDependencies(stop);
    // While the service runs, its build is used, even if the sources have changed since.
    await ensureBuild(stop, () => serviceLock.isHeld() && existsSync(program));
  }
  /** @param {Record<string, string>} env */
  const run = (env) => runNode([program, ...args], { stop, env: { ...process.env, ...env } });
  if (asksForHelp(args)) return run({});
  return withServiceDatabase(stop, (url) => run({ DATABASE_URL: url }));
});

/**
 * Only the first argument after the command cannot be a value: `create-organization --name help`
 * does not ask for help.
 *
 * @param {string[]} args
 */
function asksForHelp([command = 'help', option = '']) {
  return ['help', '--help', '-h'].includes(command) || ['--help', '-h'].includes(option);
}
