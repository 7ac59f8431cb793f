/* `npm run check`: everything that can be known without a database. All checks run, even if one fails. */
import { availableParallelism } from 'node:os';
import { compileInto } from './support/build.mjs';
import { capture } from './support/command.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { Failure } from './support/failure.mjs';
import { inProject } from './support/project.mjs';
import { runScript } from './support/script.mjs';
import { say, secondsSince } from './support/steps.mjs';

const inModules = (path) => inProject('node_modules', path);

/** The long ones first: they share the processors. */
const CHECKS = [
  {
    name: 'lint',
    mendedBy: 'see above',
    run: (stop) => node([inModules('eslint/bin/eslint.js'), '.', '--max-warnings=0'], stop),
  },
  { name: 'openapi.json', mendedBy: 'npm run openapi', run: checkApiDocument },
  {
    name: 'types',
    mendedBy: 'see above',
    run: (stop) => node([inModules('typescript/bin/tsc'), '-p', 'tsconfig.json'], stop),
  },
  { name: 'import rules', mendedBy: 'see above', run: checkImports },
  {
    name: 'format',
    mendedBy: 'npm run format',
    run: (stop) => node([inModules('prettier/bin/prettier.cjs'), '--check', '.'], stop),
  },
];

await runScript(async (stop) => {
  await ensureDependencies(stop);
  const waiting = [...CHECKS];
  const failed = [];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await passes(check, stop))) failed.push(check);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));

  if (failed.length === 0) return 0;
  say('\nThese checks failed:');
  for (const { name, mendedBy } of failed) say(`  ${name} (${mendedBy})`);
  return 1;
});

/** The output of a check is shown in one piece when it has ended, and only if it failed. */
async function passes({ name, run }, stop) {
  const begun = performance.now();
  const { code, output } = await run(stop);
  say(`${code === 0 ? '✓' : '✗'} ${name}: ${secondsSince(begun)}`);
  if (code !== 0) say(`\n${output.trimEnd()}\n`);
  return code === 0;
}

function node(args, stop) {
  return capture(process.execPath, args, { stop });
}

function checkImports(stop) {
  const program = inModules('dependency-cruiser/bin/dependency-cruise.mjs');
  return node([program, '--config', '.dependency-cruiser.cjs', 'src', 'migrations'], stop);
}

async function checkApiDocument(stop) {
  const build = inProject('.data/check/dist');
  try {
    await compileInto(build, stop);
  } catch (error) {
    if (error instanceof Failure) return { code: 1, output: error.message };
    throw error;
  }
  return node([`${build}/src/openapi.js`, '--check'], stop);
}
