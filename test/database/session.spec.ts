import type { Connection } from 'mysql2/promise';
import { endProcesses } from '../support/running-process.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { startServer, type StoppableServer } from '../support/stoppable-server.js';
import { CHARACTER_SETS, GLOBAL_SETTINGS, INIT_CONNECTS, type BadSetting } from './bad-servers.js';
import { expectWholeProduct } from './whole-product.js';

/**
 * A server whose clients do not choose their character set, and one whose clients may not set the
 * time of their session.
 */
const OPTIONS = ['--loose-skip-character-set-client-handshake', '--loose-secure-timestamp=YES'];

describe('on a server that is set up badly, the whole product works as on any other:', () => {
  let server: StoppableServer;
  let deaf: StoppableServer;
  let schemas = 0;
  const admins = new Map<StoppableServer, Connection>();

  beforeAll(async () => {
    [server, deaf] = await Promise.all([startServer(), startServer(OPTIONS)]);
    for (const each of [server, deaf]) {
      const admin = await each.connect();
      admins.set(each, admin);
      await admin.query('GRANT ALL PRIVILEGES ON `session\\_%`.* TO latchkey@localhost');
    }
  }, 60_000);

  afterEach(() => endProcesses());

  afterAll(async () => {
    await Promise.all([...admins.values()].map((admin) => admin.end()));
    await Promise.all([server.destroy(), deaf.destroy()]);
  }, 60_000);

  async function withSetting(
    on: StoppableServer,
    { apply, restore }: BadSetting,
    work: (url: string, admin: Connection, schema: string) => Promise<void>,
  ): Promise<void> {
    const admin = admins.get(on);
    if (admin === undefined) {
      throw new Error('the server has not been started');
    }
    const schema = `session_${++schemas}`;
    try {
      for (const statement of [`CREATE DATABASE ${schema}`, ...apply]) {
        await admin.query(statement);
      }
      const socket = encodeURIComponent(on.socketPath);
      await work(`mysql://latchkey@localhost/${schema}?socketPath=${socket}`, admin, schema);
    } finally {
      for (const statement of [...restore, `DROP DATABASE ${schema}`]) {
        await admin.query(statement);
      }
    }
  }

  it.each(GLOBAL_SETTINGS)('$title', (setting) => withSetting(server, setting, expectWholeProduct));

  it.each(INIT_CONNECTS)('$title', (setting) => withSetting(server, setting, expectWholeProduct));

  it.each(CHARACTER_SETS)('every client gets the character set %s', async (name) => {
    const collation = `(SELECT collation_name FROM information_schema.collations WHERE character_set_name = '${name}' AND is_default = 'Yes')`;
    const variables = ['server', 'client', 'results'].map((use) => `GLOBAL character_set_${use}`);
    const assign = (value: string) => variables.map((variable) => `${variable} = ${value}`).join(', ');
    // MySQL 9 has no option for it.
    const alsoOnMysql = (sql: string) => `/*!80000 , GLOBAL init_connect = '${sql}' */`;
    const setting = {
      title: name,
      apply: [`SET ${assign(name)}, GLOBAL collation_connection = ${collation} ${alsoOnMysql(`SET NAMES ${name}`)}`],
      restore: [`SET ${assign('DEFAULT')}, GLOBAL collation_connection = DEFAULT ${alsoOnMysql('')}`],
    };
    await withSetting(deaf, setting, expectWholeProduct);
  });

  it('autocommit = 0: migrations are recorded when they are applied, so that a second run and a start find nothing to do', async () => {
    const setting: BadSetting = {
      title: '',
      apply: ['SET GLOBAL autocommit = 0'],
      restore: ['SET GLOBAL autocommit = 1'],
    };
    await withSetting(server, setting, async (url) => {
      const [first, second] = [await runCli(url, ['migrate']), await runCli(url, ['migrate'])];
      expect([first, second]).toMatchObject([
        { code: 0, stderr: '' },
        { code: 0, stderr: '' },
      ]);
      expect(JSON.parse(first.stdout)).not.toEqual({ applied: [] });
      expect(JSON.parse(second.stdout)).toEqual({ applied: [] });
      const product = new TestProcess({ database: url });
      await product.ready();
      expect(await product.stop()).toBe(0);
    });
  });
});
