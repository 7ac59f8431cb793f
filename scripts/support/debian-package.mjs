import { existsSync } from 'node:fs';
import { mustSucceed } from './command.mjs';
import { step } from './steps.mjs';

/** @returns {boolean} whether this is a Debian-like system that we may install packages on */
export function canInstallPackages() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/**
 * @param {string} name
 * @param {string} reason begins the line that says so: "No Chromium is here"
 * @param {AbortSignal} stop waits for the end of the installation: half a package helps nobody
 */
export async function installPackage(name, reason, stop) {
  const options = { stop, shielded: true, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const aptGet = (...args) => mustSucceed(`apt-get ${args[0]}`, 'apt-get', ['-q', ...args], options);
  await step(`${reason}. Installing the package ${name}`, async () => {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', name);
  });
}
