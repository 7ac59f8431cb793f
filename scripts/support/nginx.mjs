import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mustSucceed } from './command.mjs';
import { canInstallPackages, installPackage } from './debian-package.mjs';
import { say } from './steps.mjs';

/** Where systems have it. */
const PATHS = [
  '/usr/sbin/nginx',
  '/usr/bin/nginx',
  '/usr/local/sbin/nginx',
  '/usr/local/bin/nginx',
  '/opt/homebrew/bin/nginx',
];
/** Debian asks this program whether a package may start its service; without one it may. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Sees to it that there is a gateway for the tests behind one, as far as we may: an nginx that is here, else Debian's.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} what the tests must be told; without nginx they are skipped, in CI they fail
 */
export async function ensureNginx(stop) {
  if (process.env.NGINX_PATH) return {};
  if (PATHS.every((path) => !existsSync(path)) && canInstallPackages()) await installWithoutService(stop);
  const found = PATHS.find((path) => existsSync(path) && canAsk(path));
  if (found !== undefined) return { NGINX_PATH: found };
  say(
    'No nginx with auth_request is here: the tests behind a gateway are skipped. Install it, or name it: NGINX_PATH=/path/to/nginx',
  );
  return {};
}

/** Debian's package would start a web server on port 80, now and whenever the machine starts. We want but the program. */
async function installWithoutService(stop) {
  const isOurs = forbidStarts();
  try {
    await installPackage('nginx', 'No nginx is here', stop);
    await mustSucceed('update-rc.d', 'update-rc.d', ['nginx', 'disable'], { stop, shielded: true });
  } finally {
    if (isOurs) rmSync(POLICY, { force: true });
  }
}

/** @returns {boolean} false if somebody else has already said what may start */
function forbidStarts() {
  // If we are killed meanwhile it forbids nothing any more.
  const policy = `#!/bin/sh\n# Latchkey's npm test wrote this while it installed nginx.\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`;
  try {
    writeFileSync(POLICY, policy, { mode: 0o755, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** Whether it was built with what our example needs: the module is optional. */
function canAsk(path) {
  return spawnSync(path, ['-V'], { encoding: 'utf8' }).stderr?.includes('http_auth_request_module') === true;
}
