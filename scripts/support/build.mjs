import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { mustSucceed } from './command.mjs';
import { inTurn } from './lock.mjs';
import { inProject, projectFolder } from './project.mjs';
import { step } from './steps.mjs';

const SOURCES = ['src', 'migrations', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];

/** In a build: the fingerprint of the sources that it was made from. */
const STAMP = '.fingerprint';

/** The build that `npm start` serves. */
export const servedBuild = inProject('dist');

/** The arguments for Node that run the Nest CLI's build. */
export const nestCommand = [inProject('node_modules/@nestjs/cli/bin/nest.js'), 'build'];

/**
 * Builds `dist` unless it is the build of the current sources.
 *
 * @param {AbortSignal} stop
 * @param {() => boolean} keepCurrent whether to keep the current `dist`; called while no other
 *   process is building
 */
export async function ensureBuild(stop, keepCurrent = () => false) {
  await inTurn(
    inProject('.data/build.lock'),
    async () => {
      const sources = fingerprintSources();
      if (isMadeFrom(servedBuild, sources) || keepCurrent()) return;
      await step('Building the service', async () => {
        discardBuild();
        await mustSucceed('The build', process.execPath, nestCommand, { stop });
        stamp(servedBuild, sources);
      });
    },
    stop,
  );
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

/** Must be called before `dist` is changed in any other way. */
export function discardBuild() {
  rmSync(join(servedBuild, STAMP), { force: true });
}

/**
 * Compiles the product into another folder than `dist`, which a running service may use.
 *
 * @param {string} folder
 * @param {AbortSignal} stop
 */
export async function compileInto(folder, stop) {
  await inTurn(`${folder}.lock`, () => compile(folder, stop), stop);
}

/** @param {string} folder @param {AbortSignal} stop */
async function compile(folder, stop) {
  const sources = fingerprintSources();
  if (isMadeFrom(folder, sources)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = inProject('node_modules/typescript/bin/tsc');
  await mustSucceed('The compilation', process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], {
    stop,
  });
  stamp(folder, sources);
}

/** A hash of the names and contents of the sources. Times are not part of it. */
function fingerprintSources() {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((path) => filesIn(inProject(path))).filter((path) => !path.endsWith('.spec.ts'));
  for (const file of files.sort()) {
    const content = readFileSync(file);
    hash.update(`${relative(projectFolder, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} folder @param {string} fingerprint */
function isMadeFrom(folder, fingerprint) {
  try {
    return readFileSync(join(folder, STAMP), 'utf8') === fingerprint;
  } catch {
    return false;
  }
}

/**
 * Must be called last: an incomplete build has no stamp.
 *
 * @param {string} folder
 * @param {string} fingerprint
 */
function stamp(folder, fingerprint) {
  writeFileSync(join(folder, STAMP), fingerprint);
}

/**
 * @param {string} path
 * @returns {string[]} none if it does not exist
 */
function filesIn(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isFile()) return [path];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}
