import { DedicatedConnection } from '../../src/database/dedicated-connection.js';
import { databaseUrl } from '../../src/config/database-url.js';
import { SessionRefusedError } from '../../src/database/database-errors.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { openPoolingProxy, type PoolingProxy } from './pooling-proxy.js';

/** Long enough that a start that waits for the database never ends while the test looks. */
const FOREVER = { DATABASE_WAIT_MS: '600000' };

describe('a database connection whose session is not kept is refused:', () => {
  let schema: TestSchema;
  let proxy: MysqlProxy;
  const pools: PoolingProxy[] = [];

  beforeAll(async () => {
    schema = await createSchema();
    proxy = await MysqlProxy.open();
    expect(await runCli(schema.url, ['migrate'])).toMatchObject({ code: 0 });
  });

  afterEach(async () => {
    proxy.spoilSessions(undefined);
    await endProcesses();
    for (const pool of pools.splice(0)) {
      pool.close();
    }
  });

  afterAll(async () => {
    await proxy.close();
    await schema.drop();
  });

  it.each([
    ['sql_select_limit = 1', /sql_select_limit is (not listed|"1"), and was set to "18446744073709551615"/],
    ['NAMES gbk', /character_set_client is "gbk", and was set to "utf8mb4"/],
    ["time_zone = '+01:00'", /time_zone is "\+01:00", and was set to "\+00:00"/],
    ['autocommit = 0', /autocommit is "OFF", and was set to "ON"/],
    ['SESSION TRANSACTION READ ONLY', /transaction_read_only is "ON", and was set to "OFF"/],
    ["sql_mode = 'NO_BACKSLASH_ESCAPES'", /sql_mode is "NO_BACKSLASH_ESCAPES", and was set to "STRICT_ALL_TABLES,/],
    ['@latchkey_connection_id = NULL', /CONNECTION_ID\(\) is not that of the connection that was set up/],
  ])('after SET %s, a start ends at once and says what differs', async (assignment, difference) => {
    proxy.spoilSessions(`SET ${assignment}`);
    const product = new TestProcess({ database: proxy.url(schema.name), env: FOREVER });
    expect(await product.ends()).toBe(1);
    expect(product.stderr).toContain('The database cannot be used: the session of a connection is not what was set');
    expect(product.stderr).toMatch(difference);
    expect(product.stderr).toContain('session pooling');
    expect(product.stderr).not.toMatch(/^\s+at /m);
  });

  it('another database than the one in DATABASE_URL', async () => {
    const other = await createSchema();
    try {
      proxy.spoilSessions(`USE ${other.name}`);
      const { code, stderr } = await runCli(proxy.url(schema.name), ['migrate'], FOREVER);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('DATABASE() is not') as string,
      });
      const [tables] = await other.connection.query('SHOW TABLES');
      expect(tables).toEqual([]);
    } finally {
      await other.drop();
    }
  });

  it.each(['statement', 'forgetful'] as const)('through a proxy with %s pooling', async (pooling) => {
    const pool = await openPoolingProxy(pooling, schema.name);
    pools.push(pool);
    const { code, stderr } = await runCli(pool.url, ['migrate'], FOREVER);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('CONNECTION_ID() is not') as string,
    });
  });

  it('by a proxy that does not take SET statements', async () => {
    const pool = await openPoolingProxy('strict', schema.name);
    pools.push(pool);
    const { code, stderr } = await runCli(pool.url, ['migrate'], FOREVER);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('no SET here') as string });
    expect(stderr).toContain('does not accept the session');
  });

  it('but not through a proxy with session pooling, which has connection ids of its own', async () => {
    const pool = await openPoolingProxy('session', schema.name);
    pools.push(pool);
    const connection = new DedicatedConnection(databaseUrl(pool.url));
    try {
      expect(await connection.query('SELECT 1 AS one', [], 1_000)).toEqual([{ one: '1' }]);
    } finally {
      connection.destroy();
    }
  });

  it('on the connection of the change feed as well', async () => {
    proxy.spoilSessions('SET autocommit = 0');
    const connection = new DedicatedConnection(databaseUrl(proxy.url(schema.name)));
    const failure: unknown = await connection.query('SELECT 1', [], 1_000).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionRefusedError);
    expect((failure as SessionRefusedError).detail).toContain('autocommit is "OFF"');
  });

  it('while serving, which is a 503 and a line of the log until sessions are kept again', async () => {
    const product = new TestProcess({ database: proxy.url(schema.name) });
    const url = await product.ready();
    const organization = JSON.parse((await runCli(schema.url, ['create-organization', '--name', 'Acme'])).stdout) as {
      id: string;
    };
    const made = await runCli(schema.url, ['create-key', '--organization', organization.id, '--label', 'Root']);
    const { secret } = JSON.parse(made.stdout) as { secret: string };
    expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);

    proxy.spoilSessions('SET sql_select_limit = 1');
    proxy.set('closed');
    proxy.set('open');
    const refused = await send(url, 'GET', KEYS, { secret });
    expect({ status: refused.status, retryAfter: refused.headers.get('retry-after') }).toEqual({
      status: 503,
      retryAfter: '1',
    });
    await product.prints('sql_select_limit is');

    proxy.spoilSessions(undefined);
    await eventually('it serves again', async () => (await send(url, 'GET', KEYS, { secret })).status === 200);
    expect(await product.stop()).toBe(0);
  });
});
