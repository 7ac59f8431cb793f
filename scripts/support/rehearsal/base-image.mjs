import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { step } from '../steps.mjs';
import { copyInto, ensureDebian } from './debian-tree.mjs';
import { giveNetwork, networkSettings } from './network.mjs';
import { ensureNode, installNode } from './node-program.mjs';

/** Names the base image that fits this machine, beside the name that the Dockerfile asks for. */
const OURS = 'localhost/latchkey-base';

/**
 * @param {string} dockerfile
 * @returns {string} the image in its first FROM
 */
export function readBaseName(dockerfile) {
  const name = /^FROM (\S+)/m.exec(readFileSync(dockerfile, 'utf8'))?.[1];
  if (name === undefined) throw new Failure(`${dockerfile} has no FROM.`);
  return name;
}

/**
 * Makes a stand-in for one of Docker's official images of Node: a minimal Debian of the same
 * release, the same line of Node with npm, and a user `node`. It is kept until this machine's
 * Debian tree, Node or way to the registry changes.
 *
 * @param {import('./buildah.mjs').Buildah} buildah
 * @param {string} name "node:24-bookworm-slim"
 * @param {AbortSignal} stop
 * @returns {Promise<string>} the full name that the image has in buildah's storage
 * @throws {Failure} for any other image
 */
export async function ensureBaseImage(buildah, name, stop) {
  const [, major, release] = /^node:(\d+)-(\w+)-slim$/.exec(name) ?? [];
  if (major === undefined || release === undefined)
    throw new Failure(`The rehearsal can make images named node:<major>-<release>-slim, and not ${name}.`);
  const debian = await ensureDebian(release, stop);
  const node = await ensureNode(major, stop);
  const settings = await networkSettings(stop);
  const ours = `${OURS}:${fingerprint([name, JSON.stringify(settings), madeAt(debian), madeAt(node)])}`;
  const asked = `docker.io/library/${name}`;
  if (await buildah.hasImage(ours)) return asked;

  await step(`Making the base image ${name}`, async () => {
    const container = await buildah.run(['from', 'scratch'], stop);
    const tree = await buildah.run(['mount', container], stop);
    await copyInto(tree, debian, stop);
    installNode(tree, node);
    giveNetwork(tree, settings);
    await addUser(tree, stop);
    await buildah.run(['umount', container], stop);
    await buildah.run(['commit', '--quiet', '--rm', container, asked], stop);
    await buildah.run(['tag', asked, ours], stop);
  });
  return asked;
}

/** @param {string} tree @param {AbortSignal} stop */
async function addUser(tree, stop) {
  appendFileSync(join(tree, 'etc/group'), 'node:x:1000:\n');
  appendFileSync(join(tree, 'etc/passwd'), 'node:x:1000:1000::/home/node:/bin/sh\n');
  await mustSucceed('install', 'install', ['-d', '-o', '1000', '-g', '1000', join(tree, 'home/node')], { stop });
}

/** @param {string} path */
function madeAt(path) {
  return String(statSync(path).ctimeMs);
}

/** @param {string[]} parts */
function fingerprint(parts) {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}
