import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { mustSucceed } from '../command.mjs';
import { projectFolder } from '../project.mjs';

/** In each of the files that must not get into the image. */
export const MARK = 'DECOY_7f3a9c51e2';

/** What lies about in a folder that is worked in. One of them is let in by .dockerignore: the build must lose it. */
const DECOYS = [
  '.env',
  '.data/first-key.json',
  '.git/config',
  'node_modules/decoy/index.js',
  'src/.env',
  'src/x.spec.ts',
];

/**
 * Copies the project as it is on this disk, and what a secret could be lost from.
 *
 * @param {string} folder which is empty
 * @param {AbortSignal} stop
 */
export async function makeContext(folder, stop) {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const files = (await mustSucceed('git ls-files', 'git', args, { stop })).split('\0').filter(Boolean);
  for (const file of files) cpSync(join(projectFolder, file), join(folder, file));
  for (const decoy of DECOYS) {
    mkdirSync(dirname(join(folder, decoy)), { recursive: true });
    writeFileSync(join(folder, decoy), `export const SECRET_PEPPER = '${MARK}';\n`);
  }
}

/**
 * What .dockerignore lets in. The last line that fits a path, or a folder above it, decides.
 *
 * @param {string} folder
 * @returns {(path: string) => boolean} for paths in the folder
 */
export function readIgnoreFile(folder) {
  const lines = readFileSync(join(folder, '.dockerignore'), 'utf8').split('\n');
  const rules = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ lets: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(relative(folder, path)))?.lets ?? true;
}

function patternOf(line) {
  const source = line
    .replace(/[.+^$()|[\]{}]/g, '\\$&')
    .replace(/\*\*\/|\*|\?/g, (wildcard) => ({ '**/': '(?:.*/)?', '*': '[^/]*', '?': '[^/]' })[wildcard]);
  return new RegExp(`^${source}(?:/.*)?$`);
}
