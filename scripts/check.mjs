/* `npm run check`: every check that needs no database. All run, even if one fails. */
import { availableParallelism } from 'node:os';
import { compileInto } from './support/build.mjs';
import { capture } from './support/command.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { Failure } from './support/failure.mjs';
import { inProject } from './support/project.mjs';
import { runScript } from './support/script.mjs';
import { say, secondsSince } from './support/steps.mjs';

/** @typedef {Awaited<ReturnType<typeof capture>>} Result */
/** @typedef {{ name: string, fix?: string, run: (stop: AbortSignal) => Promise<Result> }} Check */

/**
 * The longest first: they run in parallel.
 * @type {Check[]}
 */
const CHECKS = [
  { name: 'lint', run: (stop) => runTool('eslint/bin/eslint.js', ['.', '--max-warnings=0'], stop) },
  { name: 'openapi.json', fix: 'npm run openapi', run: checkApiDocument },
  { name: 'types', run: (stop) => checkTypes('tsconfig.json', stop) },
  { name: 'types of the scripts', run: (stop) => checkTypes('tsconfig.scripts.json', stop) },
  { name: 'types of the benchmark', run: (stop) => checkTypes('tsconfig.bench.json', stop) },
  { name: 'import rules', run: checkImports },
  {
    name: 'format',
    fix: 'npm run format',
    run: (stop) => runTool('prettier/bin/prettier.cjs', ['--check', '.'], stop),
  },
];

await runScript(async (stop) => {
  await ensureDependencies(stop);
  const waiting = [...CHECKS];
  /** @type {Check[]} */
  const failed = [];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await passes(check, stop))) failed.push(check);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));

  if (failed.length === 0) return 0;
  say('\nThese checks failed:');
  for (const { name, fix = 'see above' } of failed) say(`  ${name} (${fix})`);
  return 1;
});

/**
 * Prints the output of a failed check in one piece, after its end.
 *
 * @param {Check} check
 * @param {AbortSignal} stop
 */
async function passes({ name, run }, stop) {
  const begun = performance.now();
  const { code, output } = await run(stop);
  say(`${code === 0 ? '✓' : '✗'} ${name}: ${secondsSince(begun)}`);
  if (code !== 0) say(`\n${output.trimEnd()}\n`);
  return code === 0;
}

/**
 * @param {string} program its path in node_modules
 * @param {string[]} args
 * @param {AbortSignal} stop
 */
function runTool(program, args, stop) {
  return capture(process.execPath, [inProject('node_modules', program), ...args], { stop });
}

/** @param {string} project @param {AbortSignal} stop */
function checkTypes(project, stop) {
  return runTool('typescript/bin/tsc', ['-p', project], stop);
}

/** @param {AbortSignal} stop */
function checkImports(stop) {
  const args = ['--config', '.dependency-cruiser.cjs', 'src', 'migrations'];
  return runTool('dependency-cruiser/bin/dependency-cruise.mjs', args, stop);
}

/**
 * @param {AbortSignal} stop
 * @returns {Promise<Result>}
 */
async function checkApiDocument(stop) {
  const build = inProject('.data/check/dist');
  try {
    await compileInto(build, stop);
  } catch (error) {
    if (error instanceof Failure) return { code: 1, output: error.message };
    throw error;
  }
  return capture(process.execPath, [`${build}/src/openapi.js`, '--check'], { stop });
}
