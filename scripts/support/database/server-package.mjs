import { canInstallPackages, installPackage } from '../debian-package.mjs';

/** The server and nothing else: no service is set up, no port opened, no system user made. */
const PACKAGE = 'mariadb-server-core';

export const canInstallServer = canInstallPackages;

/** @param {AbortSignal} stop */
export async function installServer(stop) {
  await installPackage(PACKAGE, 'No MySQL or MariaDB server is here', stop);
}
