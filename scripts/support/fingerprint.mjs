import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inProject, projectFolder } from './project.mjs';

const STAMP = '.fingerprint';

/**
 * The content of files and folders as one short text: equal content, equal text, whatever the times of the files say.
 *
 * @param {string[]} paths in the project; what does not exist counts as empty
 * @param {(path: string) => boolean} counts
 */
export function fingerprint(paths, counts = () => true) {
  const hash = createHash('sha256');
  const files = paths.flatMap((path) => filesIn(inProject(path))).filter(counts);
  for (const file of files.sort()) {
    const content = readFileSync(file);
    hash.update(`${relative(projectFolder, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @returns {boolean} whether the folder was made from what has this fingerprint */
export function isMadeFrom(folder, print) {
  try {
    return readFileSync(join(folder, STAMP), 'utf8') === print;
  } catch {
    return false;
  }
}

/** To be called last: a folder half made has no stamp. */
export function markMadeFrom(folder, print) {
  writeFileSync(join(folder, STAMP), print);
}

/** To be called before something is changed in the folder. */
export function unmark(folder) {
  rmSync(join(folder, STAMP), { force: true });
}

function filesIn(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isFile()) return [path];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}
