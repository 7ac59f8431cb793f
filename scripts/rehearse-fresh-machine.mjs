/*
 * `npm run rehearse:fresh-machine [-- --start-only]`, for root on Debian: the README's commands, as
 * written there, on a minimal Debian that has Node and a clone of the project and nothing else.
 * Only what is committed is rehearsed.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './support/project.mjs';
import { mustSucceed } from './support/command.mjs';
import { inTurn } from './support/lock.mjs';
import { inProject, projectFolder } from './support/project.mjs';
import { Buildah } from './support/rehearsal/buildah.mjs';
import { copyInto, ensureDebian, expectRoot } from './support/rehearsal/debian-tree.mjs';
import { runInNamespaces } from './support/rehearsal/namespaces.mjs';
import { giveNetwork, networkSettings } from './support/rehearsal/network.mjs';
import { installNode } from './support/rehearsal/node-program.mjs';
import { requireTool } from './support/ensure-tool.mjs';
import { runScript } from './support/script.mjs';
import { say, step } from './support/steps.mjs';

/**
 * Outside root's home, which other users may not enter: the private server need not run as root
 * then.
 */
const CLONE = '/srv/latchkey';

/** The machine's programs may do what root may: install packages and change users. */
const RIGHTS = ['--cap-add', 'all', '--security-opt', 'seccomp=unconfined'];

await runScript(async (stop) => {
  expectRoot();
  const folder = join(cacheFolder(), 'rehearsal-fresh-machine');
  const debian = await ensureDebian('bookworm', stop);
  await requireTool('curl', 'curl', stop);
  await inTurn(`${folder}.lock`, () => rehearse(folder, debian, stop), stop);
  return 0;
});

/** @param {string} folder @param {string} debian @param {AbortSignal} stop */
async function rehearse(folder, debian, stop) {
  mkdirSync(folder, { recursive: true });
  const buildah = await Buildah.open(folder, stop);
  try {
    const machine = await buildah.run(['from', ...RIGHTS, 'scratch'], stop);
    await step('Setting up the machine, and cloning into it', () => setUp(buildah, machine, debian, stop));
    const startOnly = process.argv.includes('--start-only');
    const script = inProject('scripts/support/rehearsal/run-readme.mjs');
    await runInNamespaces(script, { place: buildah.place, machine, clone: CLONE, startOnly }, { stop });
  } finally {
    await buildah.removeContainers();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Buildah} buildah @param {string} machine @param {string} debian @param {AbortSignal} stop
 */
async function setUp(buildah, machine, debian, stop) {
  const tree = await buildah.run(['mount', machine], stop);
  await copyInto(tree, debian, stop);
  installNode(tree);
  giveNetwork(tree, await networkSettings(stop));
  // Without hard links to this clone's objects, as a clone over the network has them.
  const clone = ['clone', '--quiet', '--no-hardlinks', projectFolder, join(tree, CLONE)];
  await mustSucceed('git clone', 'git', clone, { stop });
  say(`  ${(await mustSucceed('git log', 'git', ['log', '-1', '--format=%h %s'], { stop })).trim()}`);
  await buildah.run(['umount', machine], stop);
}
