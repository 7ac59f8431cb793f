import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../project.mjs';
import { mustSucceed } from '../command.mjs';
import { findPrograms } from '../ensure-tool.mjs';
import { Failure } from '../failure.mjs';
import { step } from '../steps.mjs';
import { makeWhole } from '../whole-folder.mjs';

/**
 * Copies Node and npm into a tree, to the places that Node's own archives use.
 *
 * @param {string} tree
 * @param {string} node the program
 */
export function installNode(tree, node = process.execPath) {
  const local = join(tree, 'usr/local');
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
  copyFileSync(node, join(local, 'bin/node'));
  cpSync(findNpm(), join(local, 'lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
}

function findNpm() {
  const programs = [join(dirname(process.execPath), 'npm'), ...findPrograms(['npm'])];
  const program = programs.find((path) => existsSync(path));
  const folder = program === undefined ? '' : dirname(dirname(realpathSync(program)));
  if (existsSync(join(folder, 'bin/npm-cli.js'))) return folder;
  throw new Failure('npm cannot be copied: it must be in a folder of its own, as in the archives of Node.');
}

/**
 * Downloads the newest Node of a line, which npm has as a package.
 *
 * @param {string} major "24"
 * @param {AbortSignal} stop
 * @returns {Promise<string>} the path of the program
 */
export async function ensureNode(major, stop) {
  const folder = join(cacheFolder(), `node-${major}`);
  const name = `node-${process.platform}-${process.arch}@${major}`;
  if (!existsSync(folder)) {
    await step(`Fetching Node ${major} into ${folder}`, () =>
      makeWhole(folder, async (draft) => {
        await mustSucceed(`npm pack ${name}`, 'npm', ['pack', '--loglevel=error', name], { cwd: draft, stop });
        const [archive = ''] = readdirSync(draft);
        await mustSucceed('tar', 'tar', ['-xzf', archive, '--strip-components=1'], { cwd: draft, stop });
      }),
    );
  }
  return join(folder, 'bin/node');
}
