import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { inProject } from '../project.mjs';
import { say } from '../steps.mjs';
import { MARK } from './build-context.mjs';
import { Chamber } from './chamber.mjs';
import { asService } from './container.mjs';

/** Sources, what leads back to them, and what an environment is kept in. */
const UNWANTED = ['*.map', '*.ts', '*.[cm]ts', '.env*', '.npmrc', '.git', '.data', '*.pem', '*.key'];

/**
 * Looks for what must not be in an image.
 *
 * @param {import('./image-builder.mjs').Image} image
 * @param {AbortSignal} stop
 * @throws {Failure} with all that was found
 */
export async function checkContent(image, stop) {
  const app = join(image.tree, image.workdir);
  const names = UNWANTED.flatMap((name, index) => [...(index === 0 ? [] : ['-o']), '-name', name]);
  const found = {
    'development dependencies': developmentDependencies(app),
    'missing dependencies': missingDependencies(app),
    'unwanted files': await lines('find', [app, '(', ...names, ')'], stop),
    // Not only in the project's folder: a build may leave things in caches and homes.
    'decoys of secrets': await lines(
      'grep',
      ['-rlFs', MARK, ...['app', 'root', 'home', 'tmp', 'var'].map((folder) => join(image.tree, folder))],
      stop,
    ),
    'files that the service may change': await writableByService(image),
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

/** @returns {Promise<void>} having said how large the image's own part is */
export async function reportSize(image, base, stop) {
  const app = join(image.tree, image.workdir);
  const [whole, below, own, modules, dist] = await Promise.all(
    [image.tree, base, app, join(app, 'node_modules'), join(app, 'dist')].map((folder) => megabytes(folder, stop)),
  );
  say(
    `    Size: ${own} MB (node_modules ${modules} MB, dist ${dist} MB), ${(whole - below).toFixed(1)} MB more than the base image`,
  );
}

function developmentDependencies(app) {
  return lockedPackages()
    .filter(([path, { dev, devOptional }]) => (dev ?? devOptional) && existsSync(join(app, path)))
    .map(([path]) => path);
}

function missingDependencies(app) {
  const needed = lockedPackages().filter(
    ([, { dev, devOptional, optional, peer }]) => !(dev ?? devOptional ?? optional ?? peer),
  );
  return needed.filter(([path]) => !existsSync(join(app, path, 'package.json'))).map(([path]) => path);
}

function lockedPackages() {
  return Object.entries(JSON.parse(readFileSync(inProject('package-lock.json'), 'utf8')).packages).slice(1);
}

async function writableByService(image) {
  const chamber = await Chamber.open(image.tree);
  try {
    const find = ['find', image.workdir, '!', '-type', 'l', '-writable'];
    return list(await chamber.launch(asService(image, find)).ends({ deadlineMs: 60_000 }));
  } finally {
    await chamber.close();
  }
}

/** Both programs say by their exit code that nothing was found, or that a folder is not there. */
async function lines(command, args, stop) {
  return list((await capture(command, args, { stop })).output);
}

const list = (output) => output.split('\n').filter(Boolean);

async function megabytes(folder, stop) {
  const output = await mustSucceed('du', 'du', ['--summarize', '--block-size=100K', '--apparent-size', folder], {
    stop,
  });
  return Number.parseInt(output, 10) / 10;
}
