/* `npm run openapi`: writes openapi.json from the sources. */
import { compileInto } from './support/build.mjs';
import { runNode } from './support/command.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { inProject } from './support/project.mjs';
import { runScript } from './support/script.mjs';
import { step } from './support/steps.mjs';

await runScript(async (stop) => {
  const build = inProject('.data/check/dist');
  await ensureDependencies(stop);
  await step('Compiling', () => compileInto(build, stop));
  return runNode([`${build}/src/openapi.js`, ...process.argv.slice(2)], { stop });
});
