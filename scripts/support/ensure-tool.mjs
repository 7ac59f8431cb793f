import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstallPackages, installPackage } from './debian.mjs';
import { Failure } from './failure.mjs';
import { say } from './steps.mjs';

/** Servers are often in folders that only root's PATH has. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/bin'];

/**
 * @typedef {object} Tool
 * @property {string} name "nginx"
 * @property {string} neededFor the subject of "are skipped": "the tests behind a gateway"
 * @property {string} env the variable that holds its path for the tests, and may be set by the user
 * @property {() => string[]} paths where it may be, in order of preference
 * @property {(path: string) => boolean} [fits] whether the tool at a path has the needed features
 * @property {() => Promise<void>} install called as root on Debian if none of the paths exists
 */

/**
 * Finds a tool, or installs it where this user may.
 *
 * @param {Tool} tool
 * @returns {Promise<Record<string, string>>} environment variables for the tests. Without the tool
 *   they are empty, and the tests that need it are skipped; in CI those tests fail
 */
export async function ensureTool({ name, neededFor, env, paths, fits = () => true, install }) {
  if (process.env[env]) return {};
  const present = () => paths().filter((path) => existsSync(path));
  if (present().length === 0 && canInstallPackages()) await install();
  const found = present().find(fits);
  if (found !== undefined) return { [env]: found };
  say(`${name} was not found: ${neededFor} are skipped. Install it, or set its path: ${env}=/path/to/it`);
  return {};
}

/**
 * Installs the Debian package of a program that a script cannot do without, unless it is in PATH.
 *
 * @param {string} program
 * @param {string} packageName
 * @param {AbortSignal} stop
 * @throws {Failure} if the program is missing and this user may not install it
 */
export async function requireTool(program, packageName, stop) {
  if (isInstalled(program)) return;
  if (!canInstallPackages())
    throw new Failure(
      `${program} is missing, and only root on Debian can have it installed by this script. Install it and run this again.`,
    );
  await installPackage(packageName, `${program} is missing`, stop);
  if (!isInstalled(program))
    throw new Failure(`The package ${packageName} is installed, but ${program} is not in PATH.`);
}

/** @param {string} program */
function isInstalled(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/**
 * The executables that have one of the names, in the order of the names, and of PATH.
 *
 * @param {readonly string[]} names
 */
export function findPrograms(names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...MORE_FOLDERS];
  return names.flatMap((name) => folders.map((folder) => join(folder, name)).filter(isExecutable));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
