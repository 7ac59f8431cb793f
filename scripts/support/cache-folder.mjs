import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Where things lie that are large, can be fetched again, and serve every clone: `LATCHKEY_CACHE_DIR`, or where the
 * system has its caches. Root's is not in root's home, which the users that root runs servers as cannot enter.
 */
export function cacheFolder() {
  if (process.env.LATCHKEY_CACHE_DIR) return resolve(process.env.LATCHKEY_CACHE_DIR);
  const caches = process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache');
  return join(process.env.XDG_CACHE_HOME || caches, 'latchkey');
}
