import { existsSync, readFileSync } from 'node:fs';
import { mustSucceed } from './command.mjs';
import { inTurn } from './lock.mjs';
import { inProject } from './project.mjs';
import { step } from './steps.mjs';

/**
 * Installs the dependencies if what is installed is not what `package-lock.json` says.
 *
 * @param {AbortSignal} stop
 */
export async function ensureDependencies(stop) {
  if (areInstalled()) return;
  await inTurn(
    inProject('.data/install.lock'),
    async () => {
      // Another script may have done it while this one waited.
      if (!areInstalled()) await step('Installing the dependencies (npm ci)', () => install(stop));
    },
    stop,
  );
}

/**
 * Says whether what runs the product is installed and what builds and tests it is not, as `npm ci
 * --omit=dev` leaves it.
 *
 * @returns {boolean}
 */
export function isProductionInstall() {
  const isDevelopment = ({ dev, devOptional }) => dev === true || devOptional === true;
  const packages = Object.entries(readPackages(inProject('package-lock.json')));
  const hasTools = packages.some(([path, { dev }]) => dev === true && existsSync(inProject(path)));
  return !hasTools && areInstalled((entry) => !isDevelopment(entry));
}

/**
 * npm keeps its own list of what it has put there, written last: an interrupted install has none.
 *
 * @param {(entry: { dev?: boolean, devOptional?: boolean }) => boolean} counts which entries of the
 * lock file must be there
 */
function areInstalled(counts = () => true) {
  const installedList = inProject('node_modules/.package-lock.json');
  if (!existsSync(installedList)) return false;
  const wanted = readPackages(inProject('package-lock.json'));
  const installed = readPackages(installedList);
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, entry]) => {
      if (path === '' || !counts(entry)) return true;
      // Binaries for other systems are in the lock file, and not on this disk.
      if (!(path in installed)) return entry.optional === true;
      return installed[path].version === entry.version && installed[path].integrity === entry.integrity;
    })
  );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

async function install(stop) {
  // NODE_ENV=production in the environment would leave out the tools that build and test.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath ?? '';
  const [command, ...first] = npm.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  await mustSucceed('npm ci', command, [...first, ...args], { stop });
}
