import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of the repository. */
export const projectFolder = resolve(import.meta.dirname, '../..');

/** @param {string[]} parts */
export const inProject = (...parts) => resolve(projectFolder, ...parts);

/**
 * The folder of this installation's own data: `DATA_DIR`, or `.data` in the project.
 * A function, because `.env` may set `DATA_DIR` and is read first.
 */
export const dataFolder = () => inProject(process.env.DATA_DIR || '.data');

/**
 * The folder for large files that can be fetched again and serve every clone: `LATCHKEY_CACHE_DIR`,
 * or the system's folder for caches. For root that is /var/cache: the unprivileged users that root
 * runs servers as cannot enter root's home.
 */
export function cacheFolder() {
  if (process.env.LATCHKEY_CACHE_DIR) return resolve(process.env.LATCHKEY_CACHE_DIR);
  const caches = process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache');
  return join(process.env.XDG_CACHE_HOME || caches, 'latchkey');
}
