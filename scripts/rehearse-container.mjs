/*
 * `npm run rehearse:container`: what Docker does with the Dockerfile, the image that comes of it, and what
 * docker-compose.yml does with that, where there is no Docker. It reads those files: they cannot drift apart from it.
 * What stands in for the base image is a bare Debian with the same Node. Root only, on Debian.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { spawn } from 'node:child_process';
import { cacheFolder } from './support/project.mjs';
import { exitOf, mustSucceed, stopHere } from './support/command.mjs';
import { installPackage } from './support/debian.mjs';
import { Failure } from './support/failure.mjs';
import { inTurn } from './support/lock.mjs';
import { ensureMysqlServer } from './private-server/mysql-server.mjs';
import { inProject } from './support/project.mjs';
import { makeContext } from './support/rehearsal/build-context.mjs';
import { readComposeFile } from './support/rehearsal/compose.mjs';
import { copyTree, ensureDebian } from './support/rehearsal/debian-tree.mjs';
import { parseDockerfile } from './support/rehearsal/dockerfile.mjs';
import { ImageBuilder } from './support/rehearsal/image-builder.mjs';
import { checkContent, reportSize } from './support/rehearsal/image-content.mjs';
import { giveNetwork } from './support/rehearsal/network.mjs';
import { ensureNode, installNode } from './support/rehearsal/node-program.mjs';
import { runScript } from './support/script.mjs';
import { step } from './support/steps.mjs';

await runScript(async (stop) => {
  const folder = join(cacheFolder(), 'rehearsal-container');
  mkdirSync(cacheFolder(), { recursive: true });
  const clear = () => rmSync(folder, { recursive: true, force: true });
  await inTurn(`${folder}.lock`, () => (clear(), rehearse(folder, stop).finally(clear)), stop);
  return 0;
});

async function rehearse(folder, stop) {
  const { services } = await step('Reading docker-compose.yml, as Compose', () => readCompose(stop));
  const mysql = await ensureMysqlServer(stop);
  if (!existsSync('/usr/sbin/ip')) await installPackage('iproute2', 'No ip is here', stop);

  const stages = parseDockerfile(readFileSync(inProject('Dockerfile'), 'utf8'));
  const base = await step(`The base image, ${stages[0].base}`, () => makeBase(stages[0].base, folder, stop));
  const context = join(folder, 'context');
  await makeContext(context, stop);
  const pull = (name, tree) => {
    if (name !== stages[0].base) throw new Failure(`The rehearsal knows one base image, and not ${name}.`);
    return copyTree(base.tree, tree, stop);
  };
  const image = await new ImageBuilder({ folder, context, network: base.network, pull, stop }).build(stages);

  await step('What is in the image, and what is not', () => checkContent(image, stop));
  await reportSize(image, base.tree, stop);
  await run({ folder, image, services }, mysql, stop);
}

function readCompose(stop) {
  const names = ['SECRET_PEPPER', 'MYSQL_PASSWORD', 'MYSQL_ROOT_PASSWORD'];
  return readComposeFile(Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('hex')])), stop);
}

/** As Docker's official images of Node have it: Node and npm, and a user `node`. */
async function makeBase(name, folder, stop) {
  const [, major, release] = /^node:(\d+)-(\w+)-slim$/.exec(name) ?? [];
  if (major === undefined) throw new Failure(`The rehearsal cannot make the base image ${name}.`);
  const tree = join(folder, 'base');
  mkdirSync(folder);
  await copyTree(await ensureDebian(release, stop), tree, stop);
  installNode(tree, await ensureNode(major, stop));
  appendFileSync(join(tree, 'etc/group'), 'node:x:1000:\n');
  appendFileSync(join(tree, 'etc/passwd'), 'node:x:1000:1000::/home/node:/bin/sh\n');
  await mustSucceed('install', 'install', ['-d', '-o', '1000', '-g', '1000', join(tree, 'home/node')], { stop });
  return { tree, network: await giveNetwork(tree, stop) };
}

/** In a network and among processes of its own; what it started ends with it. */
async function run(plan, mysql, stop) {
  const isolate = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
  const script = inProject('scripts/support/rehearsal/run-image.mjs');
  const command = ['--pdeathsig=KILL', '--', ...isolate, process.execPath, script, JSON.stringify(plan)];
  const env = { ...process.env, PATH: [mysql, process.env.PATH].join(delimiter) };
  // It would take the death of npm for a wish to stop: npm is not its parent.
  delete env.npm_lifecycle_event;
  const child = spawn('setpriv', command, { stdio: 'inherit', env });
  stop.addEventListener('abort', () => child.kill('SIGKILL'));
  const code = await exitOf(child);
  stopHere(stop);
  if (code !== 0) throw new Failure(`The rehearsal of the container failed (exit code ${code}); the reason is above.`);
}
