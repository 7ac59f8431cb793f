import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustSucceed } from '../command.mjs';

/**
 * What npm must know here to reach its registry. The rest of this machine's npm configuration is
 * left out.
 */
const NPM_SETTINGS = ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl'];

const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/**
 * How npm reaches its registry from this machine.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} npm's settings by name
 */
export async function networkSettings(stop) {
  // In the root folder, because a project's .npmrc would be taken for the machine's.
  const options = { cwd: '/', stop };
  const output = await mustSucceed('npm config', 'npm', ['config', 'list', '--json', '--loglevel=silent'], options);
  /** @type {Record<string, unknown>} */
  const all = { cafile: process.env.NODE_EXTRA_CA_CERTS, ...withoutEmpty(JSON.parse(output)) };
  const set = NPM_SETTINGS.filter((name) => all[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, String(all[name])]));
}

/**
 * Gives a tree the settings and the certificates that npm needs in it. They are npm's global
 * configuration, because variables would become part of an image.
 *
 * @param {string} tree with Node in usr/local
 * @param {Record<string, string>} settings
 */
export function giveNetwork(tree, settings) {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  mkdirSync(join(tree, 'usr/local/etc'), { recursive: true });
  writeFileSync(join(tree, 'usr/local/etc/npmrc'), lines.join(''));
  const { cafile } = settings;
  if (cafile === undefined || !existsSync(cafile)) return;
  mkdirSync(dirname(join(tree, cafile)), { recursive: true });
  copyFileSync(cafile, join(tree, cafile));
}

/** @returns {Record<string, string>} the variables that lead programs to a proxy */
export function proxyVariables() {
  return Object.fromEntries(
    PROXY_VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value ? [[name, value]] : [];
    }),
  );
}

/** @param {Record<string, unknown>} settings */
function withoutEmpty(settings) {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => ![null, undefined, ''].includes(/** @type {any} */ (value))),
  );
}
