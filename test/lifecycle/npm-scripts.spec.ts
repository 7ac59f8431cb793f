import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { Clone } from '../support/clone.js';
import { eventually } from '../support/eventually.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { serviceEnv } from '../support/test-process.js';

/** A folder whose name every tool has to quote or encode. */
const AWKWARD_NAME = `Ключи "a" 'b' #1 %41 ?x & $y`;

const PRODUCTION = {
  APP_ENV: 'production',
  NODE_ENV: 'production',
  TRUST_PROXY: 'none',
  HOST: '127.0.0.1',
  SHUTDOWN_DELAY_MS: '0',
};

/** util-linux has a program that opens a terminal for another. */
const itWithTerminals = existsSync('/proc/self') && existsSync('/usr/bin/script') ? it : it.skip;

/** The commands of the README, one by one, as written there. */
function productionCommands(): string[] {
  const [, block = ''] = /^```sh\n(npm ci\n.*?)\n```$/ms.exec(readFileSync('README.md', 'utf8')) ?? [];
  return block.split('\n');
}

describe('the npm scripts', () => {
  let schema: TestSchema;

  beforeEach(async () => {
    schema = await createSchema();
  });

  afterEach(async () => {
    await endProcesses();
    await schema.drop();
  });

  const production = (env: Readonly<Record<string, string>> = {}) => serviceEnv(schema.url, { ...PRODUCTION, ...env });

  it('that the README gives for production work there, wherever the project lies', async () => {
    const clone = new Clone('all', AWKWARD_NAME);
    const main = join(clone.folder, 'dist/src/main.js');
    const before = statSync(main).mtimeMs;
    // The first needs a registry, and is rehearsed: npm run rehearse:fresh-machine.
    const [install, build, migrate, serve, ...more] = productionCommands();
    expect([install, more]).toEqual(['npm ci', []]);
    for (const command of [build, migrate]) {
      const running = clone.shell(`exec ${command ?? ''}`, production());
      expect([await running.ends(120_000), running.stderr]).toEqual([0, '']);
    }
    expect(statSync(main).mtimeMs).toBeGreaterThan(before);

    const service = clone.shell(`exec ${serve ?? ''}`, production());
    await service.prints('listening on');
    expect(await service.stop()).toBe(0);
    expect(service.output).toContain('stopping: SIGTERM');
  }, 180_000);

  it('run the operator commands on what is there, where `npm ci --omit=dev` has left out the tools', async () => {
    const clone = new Clone('production');
    const installed = readdirSync(join(clone.folder, 'node_modules'));
    const list = () => readFileSync(join(clone.folder, 'node_modules/.package-lock.json'), 'utf8');
    const before = list();
    const migrate = clone.npm(['run', '-s', 'migrate'], production());
    expect([await migrate.ends(), migrate.stderr]).toEqual([0, '']);
    expect(JSON.parse(migrate.stdout)).toHaveProperty('applied');

    const create = clone.npm(['run', '-s', 'cli', '--', 'create-organization', '--name', 'Acme'], production());
    expect([await create.ends(), create.stderr]).toEqual([0, '']);
    expect(list()).toBe(before);
    expect(readdirSync(join(clone.folder, 'node_modules'))).toEqual(installed);
  });

  it('take the value of an option for a value, and look for help where it can be asked for', async () => {
    const clone = new Clone();
    const migrate = clone.npm(['run', '-s', 'migrate'], production());
    expect([await migrate.ends(), migrate.stderr]).toEqual([0, '']);
    for (const name of ['help', '--help', '-h']) {
      const args = ['run', '-s', 'cli', '--', 'create-organization', '--name', name];
      const create = clone.npm(args, production());
      expect([await create.ends(), create.stderr]).toEqual([0, '']);
      expect(JSON.parse(create.stdout)).toMatchObject({ name });
    }
    for (const args of [[], ['--', 'help'], ['--', '--help'], ['--', 'create-key', '-h'], ['--', 'help', 'migrate']]) {
      // No server is there to be found: help needs none.
      const help = clone.npm(['run', '-s', 'cli', ...args], {
        DATABASE_URL: '',
        PATH: dirname(process.execPath) + ':/bin',
      });
      await help.ends();
      expect(help.output).toContain('Usage: cli');
      expect(existsSync(join(clone.folder, '.data/database'))).toBe(false);
    }
  }, 120_000);

  it('`npm start` makes a database of its own and serves from it, whatever the environment', async () => {
    const clone = new Clone('all', AWKWARD_NAME);
    // No one else may read what is made, and there is no input, no home, no folder for temporary
    // files, no language.
    const env = { TMPDIR: '/nowhere', LANG: 'C', LC_ALL: 'C', TZ: 'Nowhere/Land' };
    const start = clone.shell('umask 077; exec npm start <&-', env);
    const [, url = ''] = await start.prints(/Latchkey is ready\.[^]*?API +(http:\/\/[\w.:]+)\/developers/, 60_000);
    const { secret } = JSON.parse(readFileSync(join(clone.folder, '.data/first-key.json'), 'utf8')) as {
      secret: string;
    };
    expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);
    expect(await start.stop()).toBe(0);
    expect(start.output).toContain('Stopping the private database');
  }, 120_000);

  it.each(['SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGINT'] as const)(
    '`npm start` stops the service when its terminal sends %s to all of it',
    async (signal) => {
      const clone = new Clone();
      const start = clone.npm(['start'], serviceEnv(schema.url));
      await start.prints('Latchkey is ready.');
      start.signalGroup(signal);

      await start.ends();
      expect(start.output).toContain('stopping: SIGTERM');
      await eventually('the lock is released', () => !existsSync(join(clone.folder, '.data/start.lock')));
    },
    60_000,
  );

  itWithTerminals(
    '`npm start` writes what was counted when its terminal is gone, and nothing can be printed',
    async () => {
      const clone = new Clone();
      const terminal = clone.shell('exec script -q -f -c "npm start" /dev/null', serviceEnv(schema.url));
      const [, url = ''] = await terminal.prints(/Latchkey is ready\.[^]*?API +(http:\/\/[\w.:]+)\/developers/, 60_000);
      const { secret } = JSON.parse(readFileSync(join(clone.folder, '.data/first-key.json'), 'utf8')) as {
        secret: string;
      };
      expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);
      terminal.signal('SIGKILL');

      await eventually('the lock is released', () => !existsSync(join(clone.folder, '.data/start.lock')));
      const [rows] = await schema.connection.query<RowDataPacket[]>('SELECT total_requests FROM api_key_metrics');
      expect(rows).toEqual([{ total_requests: 1 }]);
    },
    90_000,
  );
});
