import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** How the name goes on while the folder is being made. */
const DRAFT = '.unfinished-';

/**
 * Makes a folder under another name and renames it when complete: what has the right name is whole. One that was
 * interrupted is removed and begun anew.
 *
 * @param {string} folder which does not exist, in one that does
 * @param {(draft: string) => Promise<unknown>} make fills the draft, which nobody else may enter
 */
export async function makeWhole(folder, make) {
  removeDrafts(folder);
  const draft = mkdtempSync(`${folder}${DRAFT}`);
  await make(draft);
  renameSync(draft, folder);
}

/** Each has its own name: the process that was filling one may be at work a moment longer. */
function removeDrafts(folder) {
  const drafts = readdirSync(dirname(folder)).filter((name) => name.startsWith(`${basename(folder)}${DRAFT}`));
  for (const name of drafts) rmSync(join(dirname(folder), name), { recursive: true, force: true });
}
