/*
 * The second half of `npm run rehearse:fresh-machine`: the README's commands, in a container that
 * stands for the machine. It runs in mount and process namespaces of its own, and shares this
 * machine's network.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { runScript } from '../script.mjs';
import { say, step } from '../steps.mjs';
import { Buildah } from './buildah.mjs';
import { proxyVariables } from './network.mjs';
import { Program, tailOf } from './program.mjs';
import { readCommands } from './readme.mjs';

const MINUTE_MS = 60_000;

/** @type {{ place: Buildah['place'], machine: string, clone: string, startOnly: boolean }} */
const { place, machine, clone, startOnly } = JSON.parse(process.argv[2] ?? '');
const buildah = new Buildah(place);

/** Of the machine; a port that is taken here is replaced. @type {Record<string, string>} */
let env = {};

await runScript(async () => {
  env = { HOME: '/root', ...proxyVariables(), ...(await replacePorts({ PORT: 3000, INTERNAL_PORT: 3001 })) };
  const folder = join(await buildah.run(['mount', machine]), clone);
  await rehearse(folder, readCommands(join(folder, 'README.md')));
  return 0;
});

/** @param {Record<string, number>} ports @returns {Promise<Record<string, string>>} */
async function replacePorts(ports) {
  /** @type {Record<string, string>} */
  const taken = {};
  for (const [name, port] of Object.entries(ports)) {
    if (await isFree(port)) continue;
    taken[name] = String(port + 900);
    say(`Port ${port} is taken on this machine: the rehearsal uses ${taken[name]}`);
  }
  return taken;
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * Runs a command in a shell of the machine.
 *
 * @param {string} script
 * @param {Record<string, string>} [more]
 */
function sh(script, more = {}) {
  const variables = Object.entries({ ...env, ...more }).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const options = ['--network', 'host', '--workingdir', clone, ...variables];
  return Program.launch(
    ['buildah', ...buildah.args('run', ...options, machine, '--', 'sh', '-c', script)],
    buildah.env,
  );
}

/** @param {string} command */
async function start(command) {
  const program = sh(`exec ${command}`);
  await program.says('Latchkey is ready', 10 * MINUTE_MS);
  return program;
}

/** @param {Program} program */
async function end(program) {
  program.signal('SIGTERM');
  say(tailOf(await program.ends({ deadlineMs: MINUTE_MS }), 3));
}

/**
 * @param {string} folder the clone, as this process sees it
 * @param {ReturnType<typeof readCommands>} commands
 */
async function rehearse(folder, commands) {
  const first = await step(`${commands.start} (the first time)`, () => start(commands.start));
  say(tailOf(first.output, 30));
  await step("The README's curl", () => tryIt(folder, commands));
  await step('SIGTERM', () => end(first));
  const second = await step(`${commands.start} (the second time)`, () => start(commands.start));
  say(tailOf(second.output));
  if (!startOnly)
    await step(`${commands.test}, beside it`, async () => {
      say(tailOf(await sh(commands.test).ends({ deadlineMs: 60 * MINUTE_MS }), 40));
    });
  await step("The README's curl, again", () => tryIt(folder, commands));
  await rehearseProduction(commands.production);
  await step('SIGTERM', () => end(second));
}

/**
 * Runs on the database of the start that is running, which is ended afterwards: its `node_modules`
 * and `dist` are replaced.
 *
 * @param {string[]} commands the last of which serves
 */
async function rehearseProduction(commands) {
  const production = {
    NODE_ENV: 'production',
    APP_ENV: 'production',
    TRUST_PROXY: 'none',
    PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: `mysql://latchkey@localhost/latchkey?socketPath=${clone}/.data/database/server.sock`,
  };
  const run = (/** @type {string} */ command) => sh(`SECRET_PEPPER=$(cat .data/pepper) exec ${command}`, production);
  for (const command of commands.slice(0, -1))
    await step(`NODE_ENV=production ${command}`, () => run(command).ends({ deadlineMs: 10 * MINUTE_MS }));
  const serve = commands.at(-1) ?? '';
  const service = run(serve);
  await step(`NODE_ENV=production ${serve}`, () => service.says('listening on', MINUTE_MS));
  await step('SIGTERM', () => end(service));
}

/**
 * Runs the README's example with this machine's curl: a fresh machine has none, and the tests must
 * not find one.
 *
 * @param {string} folder
 * @param {ReturnType<typeof readCommands>} commands
 */
async function tryIt(folder, { tryIt: command, answer: shown }) {
  const script = command.replace('127.0.0.1:3000', `127.0.0.1:${env.PORT ?? '3000'}`);
  const output = await mustSucceed("The README's curl", 'sh', ['-c', script], { cwd: folder });
  const answer = JSON.parse(output);
  if (!isDeepStrictEqual(shapeOf(answer), shapeOf(shown)))
    throw new Failure(`${output}\n\nThat is not the answer that the README shows.`);
  say(`    ${answer.status} ${answer.message}`);
}

/** @param {import('./readme.mjs').Answer} answer */
function shapeOf({ status, message, data }) {
  return { status, message, fields: Object.keys(data ?? {}) };
}
