import { existsSync } from 'node:fs';
import { canInstallPackages, installPackage } from './debian-package.mjs';
import { say } from './steps.mjs';

/** Where systems have it. */
const PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Sees to it that there is a browser for the tests in it, as far as we may: one that is here, else Debian's.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} what the tests must be told; without a browser they are skipped, in CI they fail
 */
export async function ensureChromium(stop) {
  if (process.env.CHROMIUM_PATH) return {};
  if (!PATHS.some((path) => existsSync(path)) && canInstallPackages())
    await installPackage('chromium', 'No Chromium is here', stop);
  const found = PATHS.find((path) => existsSync(path));
  if (found !== undefined) return { CHROMIUM_PATH: found };
  say(
    'No Chromium is here: the tests in a browser are skipped. Install it, or name it: CHROMIUM_PATH=/path/to/chromium',
  );
  return {};
}
