/*
 * The second half of `npm run rehearse:container`: what `docker compose up` does with the image. It
 * runs in network, mount and process namespaces of its own: all ports are free and nothing outside
 * can be reached.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { mustSucceed } from '../command.mjs';
import { PrivateDatabase } from '../../private-server/private-database.mjs';
import { Failure } from '../failure.mjs';
import { runScript } from '../script.mjs';
import { say, step } from '../steps.mjs';
import { Buildah } from './buildah.mjs';
import { Container } from './container.mjs';
import { checkContent, reportSize } from './image-content.mjs';
import { tailOf } from './program.mjs';
import { smokeTest } from './smoke.mjs';

const MINUTE_MS = 60_000;

/** @typedef {import('./container.mjs').Service} Service */

/**
 * @type {{ place: Buildah['place'], image: string, base: string, services: Record<'mysql' |
 * 'migrate' | 'latchkey', Service> }}
 */
const { place, image, base, services } = JSON.parse(process.argv[2] ?? '');
const buildah = new Buildah(place);

await runScript(async (stop) => {
  await mustSucceed('ip link', 'ip', ['link', 'set', 'lo', 'up'], { stop });
  await step('What is in the image, and what is not', () => examine(stop));
  const database = new PrivateDatabase(join(place.folder, 'database'), databaseTraits(services.mysql.environment));
  await database.join(stop);
  try {
    await rehearse();
  } finally {
    await database.destroy();
  }
  return 0;
});

/** @param {AbortSignal} stop */
async function examine(stop) {
  const container = await Container.create(buildah, image, { environment: {} });
  await checkContent(container, stop);
  await reportSize(container, { image: await buildah.sizeOf(image), base: await buildah.sizeOf(base) }, stop);
}

/**
 * The database that the image of MySQL makes from these variables. @param {Record<string, string>}
 * environment
 */
function databaseTraits({ MYSQL_DATABASE: name, MYSQL_USER: user, MYSQL_PASSWORD: password }) {
  return {
    variable: /** @type {const} */ ('DATABASE_URL'),
    setUp: [
      `CREATE DATABASE IF NOT EXISTS ${name};`,
      `CREATE USER IF NOT EXISTS ${user}@'%' IDENTIFIED BY '${password}';`,
      `GRANT ALL PRIVILEGES ON ${name}.* TO ${user}@'%';`,
    ],
    options: ['--skip-networking=OFF', '--bind-address=127.0.0.1', '--port=3306'],
  };
}

async function rehearse() {
  await step((services.migrate.command ?? []).join(' '), async () => {
    const migrate = await Container.create(buildah, image, services.migrate, ['mysql']);
    await migrate.start().ends({ deadlineMs: MINUTE_MS });
  });
  const container = await Container.create(buildah, image, services.latchkey, ['mysql']);
  const service = container.start();
  await step('The service, until its health check succeeds', () => container.untilHealthy());
  expectDirect(service.commandLine, container.config.Cmd);
  await step('The first key; creating, listing and verifying keys', () => useKeys(container));
  await expectConfined(container);
  await step('SIGTERM', () => {
    service.signal('SIGTERM');
    return service.ends({ deadlineMs: Number.parseInt(services.latchkey.stop_grace_period ?? '10', 10) * 1000 });
  });
  say(tailOf(service.output));
}

/**
 * A shell or npm between would not pass on the signals of `docker stop`.
 *
 * @param {string[]} running
 * @param {string[]} wanted
 */
function expectDirect(running, wanted) {
  if (!isDeepStrictEqual(running.slice(1), wanted.slice(1)))
    throw new Failure(`The container runs ${running.join(' ')} instead of ${wanted.join(' ')}.`);
}

/** @param {Container} container */
async function useKeys(container) {
  const exec = async (/** @type {string[]} */ command) => {
    const { code, output } = await container.exec(command);
    if (code !== 0) throw new Failure(`${output}\n\nThe command ${command.join(' ')} failed in the container.`);
    return output;
  };
  await smokeTest(exec, `http://127.0.0.1:${services.latchkey.ports?.[0]?.target}`);
}

/** Every attempt of the service to change its own files must fail. @param {Container} container */
async function expectConfined(container) {
  const { output: id } = await container.exec(['id', '-u']);
  const attempts = ['dist/src/main.js', 'package.json', '/tmp/x', '/run/x'].map((file) =>
    container.exec(['touch', file]),
  );
  const succeeded = (await Promise.all(attempts)).filter(({ code }) => code === 0);
  if (id.trim() === '0' || succeeded.length > 0)
    throw new Failure('The service runs as root, or can change its files.');
  const { output: status } = await container.exec(['grep', '-E', '^(CapEff|NoNewPrivs):', '/proc/self/status']);
  if (!/^CapEff:\s+0+$/m.test(status) || !/^NoNewPrivs:\s+1$/m.test(status))
    throw new Failure(`The service has capabilities, or a way to them:\n${status}`);
  say(`    The service is user ${id.trim()}, cannot write, and has no capabilities`);
}
