import { KEYS, type MadeKey } from '../support/api-client.js';
import { envelope, exchange, Load, longestMs, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { schemaUrl, startServer, type StoppableServer } from '../support/stoppable-server.js';
import { expectUnavailable } from './expect-unavailable.js';
import { measured } from '../support/reports.js';

const RECOVERY_MS = 5_000;
const LONGEST_MS = 5_000;
const POOL_SIZE = 5;
/** The pool's, and the one of the change feed. */
const CONNECTIONS = POOL_SIZE + 1;

describe('a connection to the database', () => {
  let server: StoppableServer;
  let proxy: MysqlProxy;
  let service: TestProcess;
  let keys: MadeKey[];

  beforeAll(async () => {
    server = await startServer();
    proxy = await MysqlProxy.open({ server: new URL(schemaUrl(server.socketPath)) });
    service = await TestProcess.start({
      program: 'start',
      database: schemaUrl(proxy.socketPath),
    });
    keys = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((label) => service.createKey(label)));
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await proxy.close();
    await server.destroy();
  }, 60_000);

  const loads: Load[] = [];

  afterEach(async () => {
    proxy.delayMs = 0;
    proxy.set('open');
    // Also those of a test that failed half-way: they would pull the next one down.
    await Promise.all(loads.splice(0).map((load) => load.stop()));
    await eventually('it recovers', async () => (await service.send('GET', KEYS)).status === 200);
  }, 20_000);

  const keyOf = (client: number) => keys[client % keys.length] ?? { id: '', secret: '' };
  /** Each client reads one key with that key's own secret, and must receive no other. */
  const askForOwnKey = (clients: number) => {
    const load = new Load(clients, async (agent, client) => {
      const { id, secret } = keyOf(client);
      const outcome = await exchange(agent, 'GET', `${service.url}${KEYS}/${id}`, { secret });
      if (outcome.status === 200) {
        expect(envelope<MadeKey>(outcome).data.id).toBe(id);
      }
      return outcome;
    });
    loads.push(load);
    return load;
  };
  const everyKindOfRequest = () => {
    const { id, secret } = keyOf(0);
    return Promise.all([
      service.send('GET', KEYS),
      service.send('GET', `${KEYS}/${id}`, { secret }),
      service.send('POST', KEYS, service.firstKey, { label: 'late' }),
      service.send('PUT', `${KEYS}/${id}`, service.firstKey, { label: 'late' }),
      service.send('DELETE', `${KEYS}/${id}`, keyOf(1)),
    ]);
  };

  it('that takes three seconds for each packet is a 503 in time, and lends no connection that still waits for one', async () => {
    const load = askForOwnKey(8);
    await load.goesOnFor(100);
    proxy.delayMs = 3_000;
    const slow = await everyKindOfRequest();
    expectUnavailable(slow);
    proxy.delayMs = 0;
    const liftedMs = performance.now();
    const before = load.outcomes.length;
    await eventually(
      'it recovers',
      () => load.outcomes.slice(before).filter(({ status }) => status === 200).length >= 100,
      RECOVERY_MS,
    );
    measured('100 answers after a delay of 3 s was lifted', performance.now() - liftedMs);
    // The delayed responses of the server arrive while these requests run. Each response is still
    // about its own key.
    await load.goesOnFor(200);
    const outcomes = [...slow, ...(await load.stop())];
    expect(Object.keys(tally(outcomes)).sort()).toEqual(['200', '503']);
    expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
    measured('longest request at a delay of 3 s', longestMs(outcomes));
  }, 30_000);

  it('that takes half a second for each packet lets no request take longer than five', async () => {
    proxy.delayMs = 500;
    const outcomes = await everyKindOfRequest();
    expect(Object.keys(tally(outcomes)).filter((kind) => !['200', '503'].includes(kind))).toEqual([]);
    expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
    measured('longest request at a delay of 0.5 s', longestMs(outcomes));
  }, 30_000);

  it('that falls silent is a 503 to many at once, in time, and back as soon as new connections get through', async () => {
    const load = askForOwnKey(40);
    await load.goesOnFor(200);
    proxy.set('severed');
    await load.goesOnFor(80);
    const silent = await everyKindOfRequest();
    expectUnavailable(silent);
    // Those that fell silent stay silent.
    proxy.set('open');
    const backMs = performance.now();
    const before = load.outcomes.length;
    await eventually(
      'it recovers',
      () => load.outcomes.slice(before).filter(({ status }) => status === 200).length >= 50,
      RECOVERY_MS,
    );
    measured('50 answers after a silence', performance.now() - backMs);
    const outcomes = [...silent, ...(await load.stop())];
    expect(Object.keys(tally(outcomes)).sort()).toEqual(['200', '503']);
    expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
    measured('longest request in a silence', longestMs(outcomes));
    await eventually('the silent ones are let go', () => proxy.connections <= CONNECTIONS);
  }, 40_000);

  it('that fell silent while it was idle costs one caller a 503, not as many as there are connections', async () => {
    await Promise.all(Array.from({ length: 20 }, () => service.send('GET', KEYS)));
    // Of the pool, one organization uses two; beside the change feed's.
    expect(proxy.connections).toBeGreaterThanOrEqual(2 + 1);
    expect(proxy.connections).toBeLessThanOrEqual(CONNECTIONS);
    proxy.set('severed');
    proxy.set('open');
    const beganMs = performance.now();
    await eventually('it recovers', async () => (await service.send('GET', KEYS)).status === 200, RECOVERY_MS);
    measured('recovery when every idle connection had died unnoticed', performance.now() - beganMs);
    const next = await Promise.all(Array.from({ length: 20 }, () => service.send('GET', KEYS)));
    expect(tally(next)).toEqual({ 200: 20 });
  }, 20_000);

  it('that falls silent while connections are being made leaves none of them behind as taken', async () => {
    proxy.set('closed');
    proxy.set('open');
    // Long enough for the login, too long for the session statements after it.
    proxy.delayMs = 900;
    const caught = Array.from({ length: POOL_SIZE }, () => service.send('GET', KEYS));
    await new Promise((resolve) => setTimeout(resolve, 1_900));
    proxy.set('severed');
    expectUnavailable(await Promise.all(caught));
    proxy.delayMs = 0;
    proxy.set('open');
    await eventually('it recovers', async () => (await service.send('GET', KEYS)).status === 200, RECOVERY_MS);
    const next = await Promise.all(Array.from({ length: 20 }, () => service.send('GET', KEYS)));
    expect(tally(next)).toEqual({ 200: 20 });
  }, 20_000);

  it('that is cut again and again under load neither ends the process nor mixes answers up', async () => {
    const load = askForOwnKey(8);
    for (let round = 0; round < 10; round++) {
      await load.goesOnFor(10);
      proxy.set('closed');
      await load.goesOnFor(5);
      proxy.set('open');
    }
    const outcomes = await load.stop();
    expect(Object.keys(tally(outcomes)).sort()).toEqual(['200', '503']);
    expect(service.stderr).toBe('');
  }, 30_000);
});

describe('a stop while the database is silent', () => {
  it('still ends in time, logs which counts are lost, and does not hang on its connections', async () => {
    const server = await startServer();
    const proxy = await MysqlProxy.open({ server: new URL(schemaUrl(server.socketPath)) });
    try {
      const service = await TestProcess.start({
        program: 'start',
        database: schemaUrl(proxy.socketPath),
      });
      expect((await service.send('GET', KEYS)).status).toBe(200);
      proxy.set('severed');
      const beganMs = performance.now();
      const waiting = service.send('GET', KEYS);
      expect(await service.stop()).toBe(0);
      const tookMs = performance.now() - beganMs;
      expect(tookMs).toBeLessThan(10_000);
      measured('a stop while the database is silent', tookMs);
      expectUnavailable([await waiting]);
      expect(service.stdout).toContain('the counts of 1 keys could not be written and are lost');
    } finally {
      await endProcesses();
      await proxy.close();
      await server.destroy();
    }
  }, 40_000);

  it('writes the counts after all when the database is back before the last flush gives up', async () => {
    const server = await startServer();
    try {
      const service = await TestProcess.start({
        program: 'start',
        database: schemaUrl(server.socketPath),
      });
      const { id, secret } = await service.createKey('counted');
      await server.stop();
      await server.start();
      for (let i = 0; i < 7; i++) {
        await eventually(
          'it answers',
          async () => (await service.send('GET', `${KEYS}/${id}`, { secret })).status === 200,
          5_000,
        );
      }
      await server.stop();
      const stopping = service.stop();
      await service.prints('stopping');
      await new Promise((resolve) => setTimeout(resolve, 500));
      await server.start();
      expect(await stopping).toBe(0);
      const connection = await server.connect();
      const [rows] = await connection.query(
        'SELECT total_requests AS total FROM latchkey.api_key_metrics WHERE key_id = UNHEX(?)',
        [id.replace('api_key_', '').replaceAll('-', '')],
      );
      await connection.end();
      expect(rows).toEqual([{ total: 7 }]);
    } finally {
      await endProcesses();
      await server.destroy();
    }
  }, 40_000);
});
