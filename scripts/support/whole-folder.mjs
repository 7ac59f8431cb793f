import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Follows the folder's name while the folder is incomplete. */
const DRAFT = '.unfinished-';

/**
 * Makes a folder under a temporary name and renames it when it is complete, so that a folder with
 * the final name is always whole. Removes the drafts of interrupted runs.
 *
 * @param {string} folder does not exist yet; its parent does
 * @param {(draft: string) => Promise<unknown>} make fills the draft, which only this user can enter
 */
export async function makeWhole(folder, make) {
  removeDrafts(folder);
  const draft = mkdtempSync(`${folder}${DRAFT}`);
  await make(draft);
  renameSync(draft, folder);
}

/**
 * A draft is never reused: the process that was filling it may still be running.
 *
 * @param {string} folder
 */
function removeDrafts(folder) {
  const drafts = readdirSync(dirname(folder)).filter((name) => name.startsWith(`${basename(folder)}${DRAFT}`));
  for (const name of drafts) rmSync(join(dirname(folder), name), { recursive: true, force: true });
}
