import { existsSync } from 'node:fs';
import { findServerPrograms } from './database/server-program.mjs';
import { canInstallPackages, installPackage } from './debian-package.mjs';
import { say } from './steps.mjs';

/** Where packagers put it. */
const PATHS = ['/usr/lib/galera/libgalera_smm.so', '/usr/lib/libgalera_smm.so', '/usr/lib64/galera-4/libgalera_smm.so'];

/**
 * Sees to it that the tests can make a cluster, as far as we may: Galera's library for the MariaDB that is here. On MySQL, which
 * knows no Galera, there is nothing to do.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} what the tests must be told; without a library they are skipped, in CI on MariaDB they fail
 */
export async function ensureGalera(stop) {
  if (findServerPrograms().find(({ supported }) => supported)?.kind !== 'MariaDB') return { GALERA_PROVIDER: 'none' };
  if (process.env.GALERA_PROVIDER) return {};
  if (!PATHS.some((path) => existsSync(path)) && canInstallPackages())
    await installPackage('galera-4', 'No Galera is here', stop);
  const found = PATHS.find((path) => existsSync(path));
  if (found !== undefined) return { GALERA_PROVIDER: found };
  say('No Galera is here: the tests on a cluster are skipped. Name it: GALERA_PROVIDER=/path/to/libgalera_smm.so');
  return {};
}
