import { existsSync, readFileSync } from 'node:fs';
import { mustSucceed } from './command.mjs';
import { inTurn } from './lock.mjs';
import { inProject } from './project.mjs';
import { step } from './steps.mjs';

/**
 * One entry of a lock file of npm.
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, dev?: boolean,
 *   devOptional?: boolean }} LockEntry
 */

const LOCK_FILE = inProject('package-lock.json');

/** npm's list of what it has installed. npm writes it last: an interrupted install has none. */
const INSTALLED_LIST = inProject('node_modules/.package-lock.json');

/**
 * Installs the dependencies unless they are those of `package-lock.json`.
 *
 * @param {AbortSignal} stop
 */
export async function ensureDependencies(stop) {
  if (areInstalled()) return;
  await inTurn(
    inProject('.data/install.lock'),
    async () => {
      // Another script may have installed them while this one waited.
      if (!areInstalled()) await step('Installing the dependencies (npm ci)', () => install(stop));
    },
    stop,
  );
}

/**
 * Whether the dependencies for production are installed and the development tools are not, as after
 * `npm ci --omit=dev`.
 */
export function isProductionInstall() {
  const packages = Object.entries(readPackages(LOCK_FILE));
  const hasTools = packages.some(([path, { dev }]) => dev === true && existsSync(inProject(path)));
  return !hasTools && areInstalled(({ dev, devOptional }) => dev !== true && devOptional !== true);
}

/** @param {(entry: LockEntry) => boolean} isNeeded whether an entry must be installed */
function areInstalled(isNeeded = () => true) {
  if (!existsSync(INSTALLED_LIST)) return false;
  const wanted = readPackages(LOCK_FILE);
  const installed = readPackages(INSTALLED_LIST);
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, entry]) => {
      if (path === '' || !isNeeded(entry)) return true;
      const found = installed[path];
      // The lock file also lists binaries for other systems, which are not installed.
      if (found === undefined) return entry.optional === true;
      return found.version === entry.version && found.integrity === entry.integrity;
    })
  );
}

/**
 * @param {string} file
 * @returns {Record<string, LockEntry>}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** @param {AbortSignal} stop */
async function install(stop) {
  // With NODE_ENV=production npm would leave out the tools that build and test.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('npm-cli.js')) await mustSucceed('npm ci', process.execPath, [npm, ...args], { stop });
  else await mustSucceed('npm ci', 'npm', args, { stop });
}
