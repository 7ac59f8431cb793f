import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustSucceed } from '../command.mjs';

/** What npm must know here to reach its registry. The rest of this machine's npm configuration is left out. */
const NPM_SETTINGS = ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl'];

const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/**
 * Lets the programs in a tree reach what this machine reaches: names, and the certificates of a proxy.
 *
 * @param {string} tree
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} the environment that they need for it
 */
export async function giveNetwork(tree, stop) {
  const env = { ...(await npmSettings(stop)), ...pick([...PROXY_VARIABLES, 'NODE_EXTRA_CA_CERTS']) };
  const files = ['/etc/resolv.conf', env.npm_config_cafile, env.NODE_EXTRA_CA_CERTS];
  for (const file of files.filter((path) => path && existsSync(path))) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    copyFileSync(file, join(tree, file));
  }
  nameHosts(tree);
  return env;
}

/** @param {string[]} [others] more names of this machine, as the tree is to see them */
export function nameHosts(tree, others = []) {
  writeFileSync(join(tree, 'etc/hosts'), `127.0.0.1 ${['localhost', ...others].join(' ')}\n::1 localhost\n`);
}

async function npmSettings(stop) {
  // Where no project is, so that its .npmrc is not taken for the machine's.
  const settings = JSON.parse(
    await mustSucceed('npm config', 'npm', ['config', 'list', '--json', '--loglevel=silent'], { cwd: '/', stop }),
  );
  const set = NPM_SETTINGS.filter((name) => ![null, undefined, ''].includes(settings[name]));
  return Object.fromEntries(set.map((name) => [`npm_config_${name.replaceAll('-', '_')}`, String(settings[name])]));
}

function pick(names) {
  return Object.fromEntries(names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
}
