/*
 * `npm run rehearse:fresh-machine [-- --start-only]`: the README's commands, as written there, on a bare Debian that has
 * Node and a clone of the project and nothing else. What is not committed is not rehearsed. Root only.
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { cacheFolder } from './support/project.mjs';
import { mustSucceed, stopHere } from './support/command.mjs';
import { Failure } from './support/failure.mjs';
import { inTurn } from './support/lock.mjs';
import { inProject, projectFolder } from './support/project.mjs';
import { Chamber, PATH } from './support/rehearsal/chamber.mjs';
import { copyTree, ensureDebian } from './support/rehearsal/debian-tree.mjs';
import { giveNetwork } from './support/rehearsal/network.mjs';
import { installNode } from './support/rehearsal/node-program.mjs';
import { tailOf } from './support/rehearsal/program.mjs';
import { readCommands } from './support/rehearsal/readme.mjs';
import { runScript } from './support/script.mjs';
import { say, step } from './support/steps.mjs';

const MINUTE_MS = 60_000;

/** Outside root's home, which nobody else may enter: the private server need not run as root then. */
const CLONE = '/srv/latchkey';

/** Where the stand-in for curl lies, for the one command that wants it: the tests are not to find a curl. */
const STAND_INS = '/opt/stand-ins';

const startOnly = process.argv.includes('--start-only');

await runScript(async (stop) => {
  const tree = join(cacheFolder(), 'rehearsal-fresh-machine');
  const debian = await ensureDebian('bookworm', stop);
  await inTurn(
    `${tree}.lock`,
    () => rehearseIn(tree, debian, stop).finally(() => rmSync(tree, { recursive: true, force: true })),
    stop,
  );
  return 0;
});

async function rehearseIn(tree, debian, stop) {
  const env = await step('Setting up the machine, and cloning into it', () => setUp(tree, debian, stop));
  const chamber = await Chamber.open(tree);
  const onStop = () => void chamber.close();
  stop.addEventListener('abort', onStop);
  try {
    await rehearse(chamber, readCommands(join(tree, CLONE, 'README.md')), await withPorts(env));
  } finally {
    stop.removeEventListener('abort', onStop);
    await chamber.close();
    // What ended because we were told to stop has not failed.
    stopHere(stop);
  }
}

async function setUp(tree, debian, stop) {
  await copyTree(debian, tree, stop);
  installNode(tree);
  // Without links to our files: a clone that came over the network has none.
  await mustSucceed('git clone', 'git', ['clone', '--quiet', '--no-hardlinks', projectFolder, join(tree, CLONE)], {
    stop,
  });
  say(`  ${(await mustSucceed('git log', 'git', ['log', '-1', '--format=%h %s'], { stop })).trim()}`);
  mkdirSync(join(tree, STAND_INS));
  copyFileSync(inProject('scripts/support/rehearsal/curl.mjs'), join(tree, STAND_INS, 'curl'));
  chmodSync(join(tree, STAND_INS, 'curl'), 0o755);
  return giveNetwork(tree, stop);
}

/** The machine shares this one's network, and its ports may be taken here. */
async function withPorts(env) {
  const ports = { PORT: 3000, INTERNAL_PORT: 3001 };
  const taken = {};
  for (const [name, port] of Object.entries(ports)) {
    if (await isFree(port)) continue;
    taken[name] = String(port + 900);
    say(`Port ${port} is taken on this machine: the rehearsal uses ${taken[name]}`);
  }
  return { ...env, ...taken };
}

function isFree(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function rehearse(chamber, commands, env) {
  const sh = (script, more = {}) => chamber.launch(['sh', '-c', script], { cwd: CLONE, env: { ...env, ...more } });
  const start = async () => {
    const program = sh(`exec ${commands.start}`);
    await program.says('Latchkey is ready', 10 * MINUTE_MS);
    return program;
  };
  const end = async (program) => {
    program.signal('SIGTERM');
    say(tailOf(await program.ends({ deadlineMs: MINUTE_MS }), 3));
  };

  const first = await step(`${commands.start} (the first time)`, start);
  say(tailOf(first.output, 30));
  await step("The README's curl", () => tryIt(sh, commands, env));
  await step('SIGTERM', () => end(first));
  const second = await step(`${commands.start} (the second time)`, start);
  say(tailOf(second.output));
  if (!startOnly) {
    const test = await step(`${commands.test}, beside it`, async () => {
      const program = sh(commands.test);
      await program.ends({ deadlineMs: 60 * MINUTE_MS });
      return program;
    });
    say(tailOf(test.output, 40));
  }
  await step("The README's curl, again", () => tryIt(sh, commands, env));
  await rehearseProduction(sh, commands.production, end);
  await step('SIGTERM', () => end(second));
}

/**
 * On the database of the start that is running, which is ended afterwards: its `node_modules` and
 * `dist` are replaced.
 */
async function rehearseProduction(sh, commands, end) {
  const env = {
    NODE_ENV: 'production',
    APP_ENV: 'production',
    TRUST_PROXY: 'none',
    PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: `mysql://latchkey@localhost/latchkey?socketPath=${CLONE}/.data/database/server.sock`,
  };
  const withPepper = (command) => sh(`SECRET_PEPPER=$(cat .data/pepper) exec ${command}`, env);
  for (const command of commands.slice(0, -1))
    await step(`NODE_ENV=production ${command}`, () => withPepper(command).ends({ deadlineMs: 10 * MINUTE_MS }));
  const service = withPepper(commands.at(-1));
  await step(`NODE_ENV=production ${commands.at(-1)}`, () => service.says('listening on', MINUTE_MS));
  await step('SIGTERM', () => end(service));
}

async function tryIt(sh, { tryIt: command, answer: shown }, { PORT: port = '3000' }) {
  const script = command.replace('127.0.0.1:3000', `127.0.0.1:${port}`);
  const program = sh(script, { PATH: `${PATH}:${STAND_INS}` });
  const answer = JSON.parse(await program.ends({ deadlineMs: MINUTE_MS }));
  const shape = ({ status, data, message }) => ({ status, message, fields: Object.keys(data ?? {}) });
  if (!isDeepStrictEqual(shape(answer), shape(shown)))
    throw new Failure(`${program.output}\n\nThat is not the answer that the README shows.`);
  say(`    ${answer.status} ${answer.message}`);
}
