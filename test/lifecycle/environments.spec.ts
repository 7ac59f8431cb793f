import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses, makeFolder, testDist } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { serviceEnv, TestProcess } from '../support/test-process.js';
import { connectionOptions, testServerUrl } from '../support/schema.js';

const PRODUCTION = { APP_ENV: 'production', TRUST_PROXY: 'none', HOST: '127.0.0.1', SHUTDOWN_DELAY_MS: '0' };

/** As OpenShift runs containers: a user id without an account, in the group of root. */
const ARBITRARY_USER = { uid: 1_000_650_000, gid: 0 };

/** Only root can become another user; and that user must be able to read this folder. */
const otherUser: Partial<typeof ARBITRARY_USER> =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['--eval', `require('fs').readdirSync(${JSON.stringify(testDist())})`], {
    ...ARBITRARY_USER,
    cwd: '/',
  }).status === 0
    ? ARBITRARY_USER
    : {};

describe('the service runs', () => {
  let latchkey: TestApp;
  let secret: string;
  let relay: Server;

  beforeAll(async () => {
    latchkey = await TestApp.start();
    ({ secret } = await latchkey.createKey(await latchkey.createOrganization()));
    relay = await listen('127.0.0.1');
  });

  afterEach(() => endProcesses());

  afterAll(async () => {
    relay.close();
    await latchkey.close();
  });

  /** The database over TCP: its socket lies in a folder that only its own user may enter. */
  function overTcp(server: Server = relay): URL {
    const url = new URL(latchkey.schema.url);
    url.searchParams.delete('socketPath');
    const { address, port, family } = server.address() as AddressInfo;
    url.host = `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    return url;
  }

  /** A request, a count and a clean stop. */
  async function expectService(product: TestProcess): Promise<void> {
    const url = await product.ready();
    expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);
    const verification = await fetch(`${product.internalUrl}/verify`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ secret }),
    });
    expect(verification.status).toBe(200);
    expect(await product.stop()).toBe(0);
    expect(product.stderr).toBe('');
  }

  it('as an arbitrary user, in a folder that it may neither read nor write, without a home, and writes no file', async () => {
    const cwd = makeFolder();
    chmodSync(cwd, 0);
    const env = serviceEnv(overTcp().href, { ...PRODUCTION, TMPDIR: '/nowhere' });
    await expectService(new TestProcess({ env, cwd, ...otherUser }));

    chmodSync(cwd, 0o700);
    expect(readdirSync(cwd)).toEqual([]);
    expect(readdirSync('/tmp').filter((name) => isOf(ARBITRARY_USER.uid, `/tmp/${name}`))).toEqual([]);
  });

  it('with an account that may read and write rows and nothing else', async () => {
    const { connection, name } = latchkey.schema;
    const url = new URL(latchkey.schema.url);
    [url.username, url.password] = [name, 'only-rows'];
    for (const host of ['localhost', '%']) {
      await connection.query(`CREATE USER ${name}@'${host}' IDENTIFIED BY 'only-rows'`);
      await connection.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.* TO ${name}@'${host}'`);
    }
    try {
      await expectService(new TestProcess({ database: url.href, env: PRODUCTION }));
    } finally {
      await connection.query(`DROP USER ${name}@localhost, ${name}@'%'`);
    }
  });

  it.each([
    ['TZ', { TZ: 'Pacific/Kiritimati' }],
    ['TZ that does not exist', { TZ: 'Nowhere/Land' }],
    ['LANG and LC_ALL', { LANG: 'C', LC_ALL: 'C' }],
    ['LC_ALL that does not exist', { LC_ALL: 'tlh_QO.KOI8-R' }],
    ['NODE_OPTIONS', { NODE_OPTIONS: '--max-old-space-size=256 --enable-source-maps --throw-deprecation' }],
    ['no PATH', { PATH: '' }],
    ['TMPDIR that does not exist, and no HOME', { TMPDIR: '/nowhere', HOME: '/nowhere' }],
  ])('with %s', async (_, env) => {
    await expectService(new TestProcess({ database: latchkey.schema.url, env }));
  });

  const describeWithIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((own) => own?.address === '::1')
    ? describe
    : describe.skip;

  describeWithIpv6('where IPv6 is', () => {
    it.each([
      ['::1', '::1'],
      ['::', '127.0.0.1'],
      ['localhost', 'localhost'],
    ])('on HOST=%s and INTERNAL_HOST=%s', async (host, internalHost) => {
      const env = serviceEnv(latchkey.schema.url, { HOST: host, INTERNAL_HOST: internalHost });
      await expectService(new TestProcess({ env }));
    });

    it('with a database on an IPv6 address', async () => {
      const server = await listen('::1');
      try {
        await expectService(new TestProcess({ database: overTcp(server).href }));
      } finally {
        server.close();
      }
    });

    it('and prints addresses that can be pasted', async () => {
      const product = new TestProcess({
        program: 'start',
        database: latchkey.schema.url,
        env: { HOST: '::1', INTERNAL_HOST: '::1' },
      });
      await product.prints('Latchkey is ready.');
      await product.prints(/API {9}http:\/\/\[::1\]:\d+\/developers\/api_keys\n/);
      await product.prints(/Services {4}http:\/\/\[::1\]:\d+\/verify\n/);
      expect(await product.stop()).toBe(0);
    });
  });
});

async function listen(host: string): Promise<Server> {
  const options = connectionOptions(testServerUrl());
  const server = createServer((client) => {
    const upstream = 'socketPath' in options ? connect(options.socketPath) : connect(options.port, options.host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => to.destroy()).pipe(to);
    }
  }).listen(0, host);
  await once(server, 'listening');
  return server;
}

function isOf(uid: number, path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.uid === uid;
}
