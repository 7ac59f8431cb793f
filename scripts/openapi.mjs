/*
 * `npm run openapi`: writes openapi.json from the sources, and from it the types of the API client
 * that the tests use.
 */
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
  const code = await runNode([`${build}/src/openapi.js`], { stop });
  if (code !== 0) return code;
  const generator = inProject('node_modules/openapi-typescript/bin/cli.js');
  return runNode([generator, 'openapi.json', '--output', 'test/contract/api-types.ts'], { stop });
});
