import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { inProject } from '../project.mjs';
import { say } from '../steps.mjs';
import { MARK } from './build-context.mjs';

/** Sources, source maps, and files in which secrets are often kept. */
const UNWANTED = ['*.map', '*.ts', '*.[cm]ts', '.env*', '.npmrc', '.git', '.data', '*.pem', '*.key'];

/** The folders in which a build can leave files: its own, homes and caches. */
const SEARCHED = ['app', 'root', 'home', 'tmp', 'var'];

/**
 * @typedef {{ dev?: boolean, devOptional?: boolean, optional?: boolean, peer?: boolean }}
 * LockedPackage
 */

/**
 * Searches an image for files that must not be in it.
 *
 * @param {import('./container.mjs').Container} container of the image, writable as far as its
 * user's rights go
 * @param {AbortSignal} stop
 * @throws {Failure} with all that was found
 */
export async function checkContent(container, stop) {
  const root = await container.mount();
  const app = join(root, container.config.WorkingDir);
  const names = UNWANTED.flatMap((name, index) => [...(index === 0 ? [] : ['-o']), '-name', name]);
  const folders = SEARCHED.map((folder) => join(root, folder));
  const found = {
    'development dependencies': developmentDependencies(app),
    'missing dependencies': missingDependencies(app),
    'unwanted files': await lines('find', [app, '(', ...names, ')'], stop),
    'decoys of secrets': await lines('grep', ['-rlFs', MARK, ...folders], stop),
    'files that the service may change': await writableByService(container),
  };
  const problems = Object.entries(found).filter(([, files]) => files.length > 0);
  if (problems.length > 0)
    throw new Failure(
      problems.map(([what, files]) => `The image has ${what}:\n  ${files.slice(0, 20).join('\n  ')}`).join('\n'),
    );
  say(
    `    In the image: ${Object.keys(found)
      .map((what) => `no ${what}`)
      .join(', ')}`,
  );
}

/**
 * Says how large the service's part of the image is.
 *
 * @param {import('./container.mjs').Container} container
 * @param {{ image: string, base: string }} sizes of the whole image and of the base image
 * @param {AbortSignal} stop
 */
export async function reportSize(container, { image, base }, stop) {
  const app = join(await container.mount(), container.config.WorkingDir);
  const [own, modules, dist] = await Promise.all(
    [app, join(app, 'node_modules'), join(app, 'dist')].map((folder) => megabytes(folder, stop)),
  );
  say(`    Size: ${own} MB (node_modules ${modules} MB, dist ${dist} MB). The image has ${image}, its base ${base}`);
}

/** @param {string} app */
function developmentDependencies(app) {
  return lockedPackages()
    .filter(([path, { dev, devOptional }]) => (dev ?? devOptional) && existsSync(join(app, path)))
    .map(([path]) => path);
}

/** @param {string} app */
function missingDependencies(app) {
  const needed = lockedPackages().filter(
    ([, { dev, devOptional, optional, peer }]) => !(dev ?? devOptional ?? optional ?? peer),
  );
  return needed.filter(([path]) => !existsSync(join(app, path, 'package.json'))).map(([path]) => path);
}

/** @returns {[path: string, LockedPackage][]} */
function lockedPackages() {
  return Object.entries(JSON.parse(readFileSync(inProject('package-lock.json'), 'utf8')).packages).slice(1);
}

/** @param {import('./container.mjs').Container} container */
async function writableByService(container) {
  const { code, output } = await container.exec(['find', container.config.WorkingDir, '!', '-type', 'l', '-writable']);
  if (code !== 0) throw new Failure(`${output}\n\nThe image's files could not be searched.`);
  return list(output);
}

/**
 * The exit codes are ignored: both programs also use them for folders that do not exist.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {AbortSignal} stop
 */
async function lines(command, args, stop) {
  return list((await capture(command, args, { stop })).output);
}

const list = (/** @type {string} */ output) => output.split('\n').filter(Boolean);

/** @param {string} folder @param {AbortSignal} stop */
async function megabytes(folder, stop) {
  const output = await mustSucceed('du', 'du', ['--summarize', '--block-size=100K', '--apparent-size', folder], {
    stop,
  });
  return Number.parseInt(output, 10) / 10;
}
