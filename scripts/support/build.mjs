import { mkdirSync, rmSync } from 'node:fs';
import { mustSucceed } from './command.mjs';
import { fingerprint, isMadeFrom, markMadeFrom, unmark } from './fingerprint.mjs';
import { inTurn } from './lock.mjs';
import { inProject } from './project.mjs';
import { step } from './steps.mjs';

const SOURCES = ['src', 'migrations', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];

/** Where `npm start` serves from. */
export const servedBuild = inProject('dist');

/** The command line of the Nest CLI. */
export const nestCommand = [inProject('node_modules/@nestjs/cli/bin/nest.js'), 'build'];

/**
 * Builds `dist` if it is not the build of the sources as they are.
 *
 * @param {AbortSignal} stop
 * @param {() => boolean} keepIt says, when nobody else is building, that the `dist` that is there will do
 */
export async function ensureBuild(stop, keepIt = () => false) {
  await inTurn(inProject('.data/build.lock'), () => build(stop, keepIt), stop);
}

async function build(stop, keepIt) {
  const sources = fingerprintOfSources();
  if (isMadeFrom(servedBuild, sources) || keepIt()) return;
  await step('Building the service', async () => {
    discardBuild();
    await mustSucceed('The build', process.execPath, nestCommand, { stop });
    markMadeFrom(servedBuild, sources);
  });
}

/**
 * Builds `dist` even if it is up to date.
 *
 * @param {AbortSignal} stop
 */
export async function rebuild(stop) {
  discardBuild();
  await ensureBuild(stop);
}

/** Whoever changes `dist` in another way says so first. */
export function discardBuild() {
  unmark(servedBuild);
}

/**
 * Compiles the product into a folder of one's own, so that the `dist` that may be serving now is left alone.
 *
 * @param {string} folder
 * @param {AbortSignal} stop
 */
export async function compileInto(folder, stop) {
  await inTurn(`${folder}.lock`, () => compile(folder, stop), stop);
}

async function compile(folder, stop) {
  const sources = fingerprintOfSources();
  if (isMadeFrom(folder, sources)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = inProject('node_modules/typescript/bin/tsc');
  await mustSucceed('The compilation', process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], {
    stop,
  });
  markMadeFrom(folder, sources);
}

function fingerprintOfSources() {
  return fingerprint(SOURCES, (path) => !path.endsWith('.spec.ts'));
}
