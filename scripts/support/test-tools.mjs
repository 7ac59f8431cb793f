/* The programs that some tests use beside the service and its database. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findServerPrograms } from '../private-server/server-program.mjs';
import { mustSucceed } from './command.mjs';
import { extractFile, installPackage } from './debian.mjs';
import { ensureTool, findPrograms } from './ensure-tool.mjs';
import { inTurn } from './lock.mjs';
import { cacheFolder } from './project.mjs';
import { step } from './steps.mjs';
import { makeWhole } from './whole-folder.mjs';

/** Debian asks this program whether a package may start its service. Without it, it may. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Finds or installs all of them, one after the other: apt runs once at a time.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} environment variables for the tests
 */
export async function ensureTestTools(stop) {
  return {
    ...(await ensureChromium(stop)),
    ...(await ensureGalera(stop)),
    ...(await ensureNginx(stop)),
    ...(await ensurePromtool(stop)),
  };
}

/** @param {AbortSignal} stop */
function ensureChromium(stop) {
  return ensureTool({
    name: 'Chromium',
    neededFor: 'the tests in a browser',
    env: 'CHROMIUM_PATH',
    paths: () => [
      ...findPrograms(['chromium', 'chromium-browser', 'google-chrome']),
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    install: () => installPackage('chromium', 'No Chromium is here', stop),
  });
}

/**
 * Galera's library for MariaDB. MySQL cannot load it.
 *
 * @param {AbortSignal} stop
 */
async function ensureGalera(stop) {
  if (findServerPrograms().find(({ supported }) => supported)?.kind !== 'MariaDB') return { GALERA_PROVIDER: 'none' };
  return ensureTool({
    name: "Galera's library",
    neededFor: 'the tests on a cluster',
    env: 'GALERA_PROVIDER',
    paths: () => ['lib/galera', 'lib', 'lib64/galera-4'].map((folder) => join('/usr', folder, 'libgalera_smm.so')),
    install: () => installPackage('galera-4', 'No Galera is here', stop),
  });
}

/** @param {AbortSignal} stop */
function ensureNginx(stop) {
  return ensureTool({
    name: 'nginx with auth_request',
    neededFor: 'the tests behind a gateway',
    env: 'NGINX_PATH',
    paths: () => findPrograms(['nginx']),
    // The module is optional in builds of nginx.
    fits: (path) => spawnSync(path, ['-V'], { encoding: 'utf8' }).stderr?.includes('http_auth_request_module') === true,
    install: () => installNginx(stop),
  });
}

/**
 * Installs nginx without its service: Debian's package would start a web server on port 80, now and
 * at each boot.
 *
 * @param {AbortSignal} stop
 */
async function installNginx(stop) {
  const isOurs = forbidStarts();
  try {
    await installPackage('nginx', 'No nginx is here', stop);
    await mustSucceed('update-rc.d', 'update-rc.d', ['nginx', 'disable'], { stop, shielded: true });
  } finally {
    if (isOurs) rmSync(POLICY, { force: true });
  }
}

/** @returns {boolean} false if the machine already has a policy */
function forbidStarts() {
  // If this process is killed, the policy it leaves allows every start.
  const policy = `#!/bin/sh
# Latchkey's npm test wrote this while it installed nginx.
kill -0 ${process.pid} 2>/dev/null && exit 101
exit 0
`;
  try {
    writeFileSync(POLICY, policy, { mode: 0o755, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Prometheus' tool that checks metrics and alerts. Debian has it in the package of the server,
 * which would start when installed, so it is unpacked from the package.
 *
 * @param {AbortSignal} stop
 */
function ensurePromtool(stop) {
  const folder = join(cacheFolder(), 'promtool');
  const unpack = async () => {
    // Another process may have unpacked it while this one waited.
    if (existsSync(folder)) return;
    await step(`No promtool is here. Unpacking it into ${folder}`, () =>
      makeWhole(folder, (draft) => extractFile('prometheus', 'usr/bin/promtool', join(draft, 'promtool'), stop)),
    );
  };
  return ensureTool({
    name: 'promtool',
    neededFor: 'the tests of metrics and alerts',
    env: 'PROMTOOL_PATH',
    paths: () => [...findPrograms(['promtool']), join(folder, 'promtool')],
    install: async () => {
      mkdirSync(cacheFolder(), { recursive: true });
      await inTurn(`${folder}.lock`, unpack, stop);
    },
  });
}
