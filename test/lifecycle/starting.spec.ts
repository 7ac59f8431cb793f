import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { endProcesses } from '../support/running-process.js';
import { serviceEnv, runCli, TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { preload } from '../support/preload.js';
import { createSchema, type TestSchema } from '../support/schema.js';

describe('a start', () => {
  let schema: TestSchema;
  let proxy: MysqlProxy;
  const servers: Server[] = [];

  beforeAll(async () => {
    schema = await createSchema();
    proxy = await MysqlProxy.open();
  });

  afterEach(async () => {
    await endProcesses();
    for (const server of servers.splice(0)) {
      server.close();
    }
  });

  afterAll(async () => {
    await proxy.close();
    await schema.drop();
  });

  /** Ended without ever having listened, with nothing on stdout but the log. */
  async function expectFailure(product: TestProcess): Promise<void> {
    expect(await product.ends()).toBe(1);
    expect(product.output).not.toContain('listening on');
    expect(product.stderr).not.toMatch(/^\s+at /m);
  }

  it.each(['main', 'start'] as const)('(%s) tells V8 to let what requests make die young', async (program) => {
    const env = { NODE_OPTIONS: preload('test/lifecycle/tell-flags.mjs'), ...serviceEnv(schema.url) };
    const product = new TestProcess({ program, env: { ...env, DATABASE_URL: 'nonsense' } });
    await product.prints('V8 is told --no-allocation-site-pretenuring');
    expect(await product.ends()).toBe(1);
  });

  it('with a wrong configuration lists all that is wrong at once, by name, and repeats no value', async () => {
    const product = new TestProcess({
      env: {
        APP_ENV: 'staging',
        PORT: '70000',
        DATABASE_URL: 'postgres://root:hunter2@localhost/latchkey',
        DATABASE_WAIT_MS: 'soon',
        SECRET_PREFIX: 'sk_',
        SECRET_PEPPER: 'too-short-a-pepper',
        SECRET_PEPPER_RETIRED: 'as-short',
        BCRYPT_COST: '4',
        BCRYPT_RECOVERY: 'perhaps',
        TRUST_PROXY: '0.0.0.0/0',
        LOG_LEVEL: 'loud',
        LOG_FORMAT: 'xml',
        SHUTDOWN_DELAY_MS: '-1',
      },
    });
    await expectFailure(product);

    expect(product.stdout).toBe('');
    const [title, ...problems] = product.stderr.trimEnd().split('\n');
    expect(title).toBe('The configuration is wrong:');
    expect(problems.map((problem) => /^ {2}- ([A-Z_]+) (?:must|takes)/.exec(problem)?.[1])).toEqual(
      expect.arrayContaining([
        'APP_ENV',
        'PORT',
        'DATABASE_URL',
        'DATABASE_WAIT_MS',
        'SECRET_PREFIX',
        'SECRET_PEPPER',
        'SECRET_PEPPER_RETIRED',
        'BCRYPT_COST',
        'BCRYPT_RECOVERY',
        'TRUST_PROXY',
        'LOG_LEVEL',
        'LOG_FORMAT',
        'SHUTDOWN_DELAY_MS',
      ]),
    );
    expect(problems).toHaveLength(13);
    for (const value of ['hunter2', 'too-short-a-pepper', 'as-short']) {
      expect(product.output).not.toContain(value);
    }
  });

  it('in production asks for what has no safe default', async () => {
    const product = new TestProcess({ env: { APP_ENV: 'production' } });
    await expectFailure(product);

    for (const name of ['DATABASE_URL', 'TRUST_PROXY', 'SECRET_PEPPER']) {
      expect(product.stderr).toMatch(new RegExp(`^ {2}- ${name} must be`, 'm'));
    }
  });

  it('on a schema that is not migrated names the command to run', async () => {
    const product = new TestProcess({ database: schema.url });
    await expectFailure(product);

    expect(product.stderr).toContain('not migrated');
    expect(product.stderr).toContain('npm run migrate');
    const [tables] = await schema.connection.query('SHOW TABLES');
    expect(tables).toEqual([]);
  });

  it('without a database gives up after DATABASE_WAIT_MS, having logged that it waits', async () => {
    const product = new TestProcess({
      database: 'mysql://root@localhost/x?socketPath=/nowhere/db.sock',
      env: {
        DATABASE_WAIT_MS: '1200',
      },
    });
    await expectFailure(product);

    expect(product.stdout).toContain('waiting for the database');
    expect(product.stderr).toContain('The database cannot be used');
    expect(product.stderr).toContain('DATABASE_URL');
    expect(product.stderr).toContain('DATABASE_WAIT_MS');
  });

  it('waits for a database that comes up late, and can be stopped meanwhile', async () => {
    expect(await runCli(schema.url, ['migrate'])).toMatchObject({ code: 0 });
    proxy.set('closed');
    const env = serviceEnv(proxy.url(schema.name), { DATABASE_WAIT_MS: '60000' });
    const patient = new TestProcess({ env });
    const stopped = new TestProcess({ env });
    await Promise.all([patient.prints('waiting for the database'), stopped.prints('waiting for the database')]);
    expect(await stopped.stop()).toBe(0);

    proxy.set('open');
    expect((await fetch(`${await patient.ready()}/health/ready`)).status).toBe(200);
    expect(await patient.stop()).toBe(0);
  });

  it('with wrong credentials does not wait in vain for an hour, and does not print the password', async () => {
    const url = new URL(schema.url);
    url.username = 'nobody';
    url.password = 'hunter2';
    const product = new TestProcess({ database: url.href });
    await expectFailure(product);

    expect(product.stderr).toContain('The database cannot be used');
    expect(product.output).not.toContain('hunter2');
  });

  it.each(['PORT', 'INTERNAL_PORT'])('on a %s that is taken says so', async (name) => {
    expect(await runCli(schema.url, ['migrate'])).toMatchObject({ code: 0 });
    const server = createServer().listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const product = new TestProcess({ database: schema.url, env: { [name]: String(port) } });
    await expectFailure(product);

    expect(product.stderr).toContain('The port is taken');
    expect(product.stderr).toMatch(new RegExp(`another ${name}\\.`));
  });
});
