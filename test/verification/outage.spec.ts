import { KEYS, type MadeKey } from '../support/api-client.js';
import { seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { exchange, Load, type Outcome, tally } from '../support/load-client.js';
import { BOUND_MS } from '../support/reports.js';
import { TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';

const GRACE_MS = 3_000;

describe('an instance that is cut off from the database altogether', () => {
  let seeded: SeededDatabase;
  let proxy: MysqlProxy;
  let keys: MadeKey[];

  beforeAll(async () => {
    seeded = await seedDatabase();
    proxy = await MysqlProxy.open();
    keys = await seeded.createKeys(30);
  }, 60_000);
  afterAll(async () => {
    await seeded.end();
    await proxy.close();
  });
  afterEach(() => {
    proxy.set('open');
  });

  const start = (graceMs: number) =>
    TestProcess.start({
      database: proxy.url(seeded.schema.name),
      env: { OUTAGE_GRACE_MS: String(graceMs) },
      keepAlive: true,
    });
  const use = (instance: TestProcess) =>
    new Load(12, (agent, client) => {
      const { secret } = keys[client % keys.length] ?? { secret: '' };
      return exchange(agent, 'GET', `${instance.url}${KEYS}/current`, { secret });
    });
  const until = (load: Load, what: string, is: (outcome: Outcome) => boolean) =>
    eventually(what, () => load.outcomes.slice(-24).some(is), 20_000);

  it.each(['closed', 'severed'] as const)(
    'goes on with what it has cached until the grace is over, then responds 503, and is back soon after (%s)',
    async (mode) => {
      const instance = await start(GRACE_MS);
      await Promise.all(keys.map((key) => instance.untilCurrent(key, 200)));
      const load = use(instance);
      await load.goesOnFor(200);
      proxy.set(mode);
      const cutMs = performance.now();
      await until(load, 'the grace is over', ({ status }) => status === 503 && performance.now() > cutMs + GRACE_MS);
      await load.goesOnFor(50);
      proxy.set('open');
      const backMs = performance.now();
      await until(load, 'it is back', ({ status, beganMs }) => status === 200 && beganMs > backMs);
      const outcomes = await load.stop();
      expect(Object.keys(tally(outcomes)).sort()).toEqual(['200', '503']);
      // One that began in the outage may have been answered after it.
      const during = (status: number) =>
        outcomes.filter((each) => each.status === status && each.beganMs > cutMs && each.beganMs + each.ms < backMs);
      const lastAcceptedMs = Math.max(...during(200).map(({ beganMs }) => beganMs)) - cutMs;
      const firstRefusedMs = Math.min(...during(503).map(({ beganMs }) => beganMs)) - cutMs;
      process.stderr.write(
        `measured: cut off (${mode}), bound ${BOUND_MS} + grace ${GRACE_MS} ms: last accepted after ${Math.round(lastAcceptedMs)} ms, first 503 after ${Math.round(firstRefusedMs)} ms\n`,
      );
      expect(lastAcceptedMs).toBeLessThanOrEqual(BOUND_MS + GRACE_MS);
      // The last known state is younger than two polls when the connection is cut. A request that
      // began earlier may wait for a second.
      expect(firstRefusedMs).toBeGreaterThan(GRACE_MS - BOUND_MS);
      expect(await instance.stop()).toBe(0);
    },
    60_000,
  );

  it('that is given no grace responds 503 as soon as the bound is over, never 401', async () => {
    const instance = await start(0);
    await Promise.all(keys.map((key) => instance.untilCurrent(key, 200)));
    const load = use(instance);
    await load.goesOnFor(200);
    proxy.set('closed');
    const cutMs = performance.now();
    await until(load, 'the bound is over', ({ status }) => status === 503);
    await load.goesOnFor(100);
    const outcomes = await load.stop();
    expect(Object.keys(tally(outcomes)).sort()).toEqual(['200', '503']);
    const accepted = outcomes.filter(({ status }) => status === 200);
    expect(Math.max(...accepted.map(({ beganMs }) => beganMs)) - cutMs).toBeLessThanOrEqual(BOUND_MS);
    proxy.set('open');
    expect(await instance.stop()).toBe(0);
  }, 60_000);
});
