import { existsSync } from 'node:fs';
import { mustSucceed } from '../command.mjs';
import { step } from '../steps.mjs';

/** The server and nothing else: no service is set up, no port opened, no system user made. */
const PACKAGE = 'mariadb-server-core';

/** @returns {boolean} whether this is a Debian-like system that we may install packages on */
export function canInstallServer() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** @param {AbortSignal} stop waits for the end of the installation: half a package helps nobody */
export async function installServer(stop) {
  const options = { stop, shielded: true, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const aptGet = (...args) => mustSucceed(`apt-get ${args[0]}`, 'apt-get', ['-q', ...args], options);
  await step(`No MySQL or MariaDB server is here. Installing the package ${PACKAGE}`, async () => {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', PACKAGE);
  });
}
