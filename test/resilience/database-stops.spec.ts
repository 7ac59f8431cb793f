import { KEYS, type MadeKey } from '../support/api-client.js';
import { envelope, exchange, Load, longestMs, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { schemaUrl, startServer, type StoppableServer } from '../support/stoppable-server.js';
import { expectUnavailable } from './expect-unavailable.js';
import { measured } from '../support/reports.js';

const RECOVERY_MS = 5_000;
const LONGEST_MS = 5_000;

describe('a database server that stops while the service serves', () => {
  let server: StoppableServer;
  let service: TestProcess;
  let keys: MadeKey[];

  beforeAll(async () => {
    server = await startServer();
    service = await TestProcess.start({ program: 'start', database: schemaUrl(server.socketPath) });
    keys = [];
    for (const label of ['a', 'b', 'c', 'd']) {
      keys.push(await service.createKey(label));
    }
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await server.destroy();
  }, 60_000);

  /** Each client reads one key with that key's own secret. */
  const askForOwnKey = () =>
    new Load(8, (agent, client) => {
      const { id, secret } = keyOf(client);
      return exchange(agent, 'GET', `${service.url}${KEYS}/${id}`, { secret });
    });
  const keyOf = (client: number) => keys[client % keys.length] ?? { id: '', secret: '' };

  it('is a 503 to every request, and never a verdict about a key; when it is back, so is the service, by itself', async () => {
    await server.stop();
    const key = keyOf(0);
    const outcomes = await Promise.all([
      service.send('GET', KEYS),
      service.send('GET', `${KEYS}/${key.id}`, key),
      service.send('POST', KEYS, service.firstKey, { label: 'lost' }),
      service.send('PUT', `${KEYS}/${key.id}`, service.firstKey, { label: 'lost' }),
      service.send('DELETE', `${KEYS}/${key.id}`),
    ]);
    expectUnavailable(outcomes);
    expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
    expect((await service.send('GET', KEYS, { secret: 'sk_live_garbage' })).status).toBe(401);
    expect((await service.send('GET', '/health/live')).status).toBe(200);
    expect(await service.send('GET', '/health/ready')).toMatchObject({
      status: 200,
      body: expect.stringContaining('unreachable') as string,
    });

    await server.start();
    const backMs = performance.now();
    await eventually('it recovers', async () => (await service.send('GET', KEYS)).status === 200, RECOVERY_MS);
    measured('recovery after a stop', performance.now() - backMs);
    expect((await service.send('GET', `${KEYS}/${key.id}`, key)).status).toBe(200);
  });

  it('and restarts under load is nothing but answers and 503s, each answer to its own question', async () => {
    const load = askForOwnKey();
    await load.goesOnFor(100);
    await server.stop();
    await load.goesOnFor(20);
    await server.start();
    const backMs = performance.now();
    const before = load.outcomes.length;
    await eventually(
      'it recovers',
      () => load.outcomes.slice(before).filter(({ status }) => status === 200).length >= 50,
      RECOVERY_MS,
    );
    measured('50 answers after a restart under load', performance.now() - backMs);
    const outcomes = await load.stop();
    const statuses = tally(outcomes);
    expect(Object.keys(statuses).sort()).toEqual(['200', '503']);
    expectUnavailable(outcomes.filter(({ status }) => status !== 200));
    expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
    measured('longest request around a restart', longestMs(outcomes));
    const known = new Set(keys.map(({ id }) => id));
    for (const outcome of outcomes.filter(({ status }) => status === 200)) {
      expect(known).toContain(envelope<MadeKey>(outcome).data.id);
    }
  });

  it('again and again leaves the process alive, and no fatal error in its log', async () => {
    const load = askForOwnKey();
    for (let round = 0; round < 3; round++) {
      await load.goesOnFor(20);
      await server.stop();
      await server.start();
    }
    await eventually('it recovers', async () => (await service.send('GET', KEYS)).status === 200, RECOVERY_MS);
    const outcomes = await load.stop();
    expect(Object.keys(tally(outcomes)).filter((kind) => !['200', '503'].includes(kind))).toEqual([]);
    expect(service.stdout).not.toContain('"level":"fatal"');
    expect(service.stderr).toBe('');
  });
});
