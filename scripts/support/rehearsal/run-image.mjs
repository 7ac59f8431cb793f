/*
 * The second half of `npm run rehearse:container`, started by it in a network of its own, where the ports are free,
 * names are ours to give and nothing else can be reached: what `docker compose up` does with the image.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PrivateDatabase } from '../../private-server/private-database.mjs';
import { Failure } from '../failure.mjs';
import { runScript } from '../script.mjs';
import { say, step } from '../steps.mjs';
import { Container } from './container.mjs';
import { nameHosts } from './network.mjs';
import { tailOf } from './program.mjs';

const { folder, image, services } = JSON.parse(process.argv[2]);

await runScript(async (stop) => {
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  nameHosts(image.tree, ['mysql']);
  const database = new PrivateDatabase(join(folder, 'database'), databaseTraits(services.mysql.environment));
  await database.join(stop);
  try {
    await rehearse();
  } finally {
    await database.destroy();
  }
  return 0;
});

/** What the image of MySQL makes of its environment. */
function databaseTraits({ MYSQL_DATABASE: name, MYSQL_USER: user, MYSQL_PASSWORD: password }) {
  return {
    variable: 'DATABASE_URL',
    setUp: [
      `CREATE DATABASE IF NOT EXISTS ${name};`,
      `CREATE USER IF NOT EXISTS ${user}@'%' IDENTIFIED BY '${password}';`,
      `GRANT ALL PRIVILEGES ON ${name}.* TO ${user}@'%';`,
    ],
    options: ['--skip-networking=OFF', '--bind-address=127.0.0.1', '--port=3306'],
  };
}

async function rehearse() {
  await step(services.migrate.command.join(' '), () => new Container(image, services.migrate).ends());
  const container = new Container(image, services.latchkey);
  await step('The service, until its health check succeeds', () => container.untilHealthy());
  await step('The first key, and a request with it', () => useKey(container));
  await expectConfined(container);
  const output = await step('SIGTERM', () => container.stop(Number.parseInt(services.latchkey.stop_grace_period, 10)));
  say(tailOf(output));
}

async function useKey(container) {
  const cli = async (...args) => {
    const { code, output } = await container.exec(['node', 'dist/src/cli.js', ...args]);
    if (code !== 0) throw new Failure(`${output}\n\nThe command ${args[0]} failed in the container.`);
    return JSON.parse(output);
  };
  const organization = await cli('create-organization', '--name', 'Acme');
  const scopes = 'api_keys.create,api_keys.read';
  const { secret } = await cli('create-key', '--organization', organization.id, '--label', 'Root', '--scopes', scopes);
  const headers = { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' };
  const [{ target: port }] = services.latchkey.ports;
  const send = (init) => fetch(`http://127.0.0.1:${port}/developers/api_keys`, { headers, ...init });
  const answers = [await send({ method: 'POST', body: '{"label":"From the container"}' }), await send({})];
  if (answers.some(({ status }) => status !== 200))
    throw new Failure(`The service answered ${await answers.find(({ status }) => status !== 200).text()}`);
}

/** A change of the service's own files must fail, whoever asks for it from within. */
async function expectConfined(container) {
  const { output: id } = await container.exec(['id', '-u']);
  const attempts = ['dist/src/main.js', 'package.json', '/tmp/x'].map((file) => container.exec(['touch', file]));
  const succeeded = (await Promise.all(attempts)).filter(({ code }) => code === 0);
  if (id.trim() === '0' || succeeded.length > 0)
    throw new Failure('The service runs as root, or can change its files.');
  say(`    The service is user ${id.trim()} and cannot write`);
}
