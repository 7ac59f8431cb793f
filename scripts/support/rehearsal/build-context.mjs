import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustSucceed } from '../command.mjs';
import { projectFolder } from '../project.mjs';

/** The content of each file that must not get into the image. */
export const MARK = 'DECOY_7f3a9c51e2';

/**
 * Files that a working copy often has. `src/.env` passes .dockerignore, and must be lost in the
 * build.
 */
const DECOYS = [
  '.env',
  '.data/first-key.json',
  '.git/config',
  'node_modules/decoy/index.js',
  'src/.env',
  'src/x.spec.ts',
];

/**
 * Copies the project as it is on this disk, and adds files from which a secret could get into the
 * image.
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
