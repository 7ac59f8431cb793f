import type { Connection } from 'mysql2/promise';
import { KEYS } from '../support/api-client.js';
import { tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { schemaUrl, startServer, type StoppableServer } from '../support/stoppable-server.js';

const LISTS = 12;

describe('a database server that allows few connections', () => {
  let server: StoppableServer;
  let admin: Connection;
  beforeAll(async () => {
    server = await startServer();
    admin = await server.connect();
  }, 60_000);
  afterEach(async () => {
    await endProcesses();
    await admin.query('ALTER USER latchkey@localhost WITH MAX_USER_CONNECTIONS 0');
    await admin.query('SET GLOBAL max_user_connections = 0').catch(() => undefined);
    await admin.query('SET GLOBAL max_connections = 151');
    await admin.query('DROP DATABASE latchkey');
    await admin.query('CREATE DATABASE latchkey CHARACTER SET utf8mb4');
  });
  afterAll(async () => {
    await admin.end();
    await server.destroy();
  }, 60_000);

  const listsAtOnce = async (service: TestProcess) =>
    tally(await Promise.all(Array.from({ length: LISTS }, () => service.send('GET', `${KEYS}?limit=1`))));
  const start = (poolSize: number) =>
    TestProcess.start({
      program: 'start',
      database: schemaUrl(server.socketPath),
      env: { DATABASE_POOL_SIZE: String(poolSize) },
    });

  // The change feed has the third connection.
  it.each([2, 5])(
    'to the account, three, serves 12 lists at once with a pool of %d',
    async (poolSize) => {
      await admin.query('ALTER USER latchkey@localhost WITH MAX_USER_CONNECTIONS 3');
      const service = await start(poolSize);
      expect(await listsAtOnce(service)).toEqual({ 200: LISTS });
      expect(await listsAtOnce(service)).toEqual({ 200: LISTS });
    },
    40_000,
  );

  it('to the server, because others have the rest, serves with those that it has', async () => {
    const service = await start(5);
    const others: Connection[] = [];
    try {
      // The service has two by now, or more, but not all of its pool.
      await admin.query('SET GLOBAL max_connections = 12');
      for (;;) {
        others.push(await server.connect());
      }
    } catch {
      // Full.
    }
    expect(await listsAtOnce(service)).toEqual({ 200: LISTS });
    await Promise.all(others.map((connection) => connection.end()));
  }, 40_000);
});
