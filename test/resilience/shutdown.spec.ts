import { Agent } from 'node:http';
import { connect } from 'node:net';
import type { RowDataPacket } from 'mysql2';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { envelope, exchange, Load, type Outcome, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { measured } from '../support/reports.js';

const SHUTDOWN_DELAY_MS = 1_000;
const CLIENTS = 8;

describe('SIGTERM under load, with clients that keep their connections', () => {
  let schema: TestSchema;
  beforeEach(async () => {
    schema = await createSchema();
  });
  afterEach(async () => {
    await endProcesses();
    await schema.drop();
  });

  const start = (env: Readonly<Record<string, string>> = {}) =>
    TestProcess.start({
      program: 'start',
      database: schema.url,
      env: { SHUTDOWN_DELAY_MS: String(SHUTDOWN_DELAY_MS), ...env },
    });

  it('turns readiness off at once, accepts for a while, answers all that it accepted, counts all of it, and ends with 0', async () => {
    const service = await start();
    const keys = await Promise.all(['a', 'b', 'c', 'd'].map((label) => service.createKey(label)));
    const load = new Load(CLIENTS, (agent, client) => {
      const { id, secret } = keys[client % keys.length] ?? { id: '', secret: '' };
      return exchange(agent, 'GET', `${service.url}${KEYS}/${id}`, { secret });
    });
    const verifying = new Load(CLIENTS / 2, (agent, client) =>
      exchange(agent, 'POST', `${service.internalUrl}/verify`, {
        body: { secret: keys[client % keys.length]?.secret },
      }),
    );
    await load.goesOnFor(200);
    service.signal('SIGTERM');
    const toldMs = performance.now();
    await service.prints('stopping: SIGTERM');
    const ready = await service.send('GET', '/health/ready');
    expect(ready).toMatchObject({ status: 503, body: expect.stringContaining('draining') as string });
    expect((await service.send('GET', '/health/live')).status).toBe(200);
    const code = await service.ends();
    measured('from SIGTERM to the end', performance.now() - toldMs);
    const outcomes = await load.stop();
    const verified = (await verifying.stop()).filter(({ status }) => status !== null);

    expect(code).toBe(0);
    expect(tally(verified)).toEqual({ 200: verified.length });
    const answered = outcomes.filter(({ status }) => status !== null);
    const acceptedUntilMs = Math.max(...answered.map(({ beganMs }) => beganMs));
    expect(acceptedUntilMs - toldMs).toBeGreaterThan(SHUTDOWN_DELAY_MS - 100);
    expect(tally(answered)).toEqual({ 200: answered.length });
    // Later requests are refused. The kernel resets those that it queued for the listener in its
    // last moment: such a request was not processed, as the exact counts below show.
    const unanswered = outcomes.filter(({ status }) => status === null);
    expect(Object.keys(tally(unanswered)).filter((kind) => !['ECONNREFUSED', 'ECONNRESET'].includes(kind))).toEqual([]);
    const resets = unanswered.filter(({ error }) => error === 'ECONNRESET');
    expect(resets.length).toBeLessThanOrEqual(CLIENTS);
    expect(resets.every(({ beganMs }) => beganMs > acceptedUntilMs - 50)).toBe(true);
    for (const { id } of keys) {
      const asked = answered.filter((outcome) => envelope<MadeKey>(outcome).data.id === id);
      const verifiedHere = verified.filter((outcome) => verifiedId(outcome) === id);
      expect(verifiedHere.length).toBeGreaterThan(0);
      expect(await countOf(schema, id)).toBe(asked.length + verifiedHere.length);
    }
    expect(service.stderr).toBe('');
  }, 30_000);

  it("closes each client's connection with its last response", async () => {
    const service = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () => exchange(agent, 'GET', `${service.url}${KEYS}`, { secret: service.firstKey.secret });
    expect((await ask()).headers.connection).toBe('keep-alive');
    service.signal('SIGTERM');
    await service.prints('stopping: SIGTERM');
    expect((await ask()).headers.connection).toBe('close');
    expect((await ask()).headers.connection).toBe('close');
    agent.destroy();
    expect(await service.ends()).toBe(0);
  }, 30_000);

  it('does not wait for clients that are silent', async () => {
    const service = await start({ SHUTDOWN_DELAY_MS: '0' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await exchange(agent, 'GET', `${service.url}${KEYS}`, { secret: service.firstKey.secret })).status).toBe(
      200,
    );
    const mute = connect(Number(new URL(service.url).port), '127.0.0.1');
    mute.on('error', () => undefined);
    await new Promise((resolve) => mute.once('connect', resolve));
    const toldMs = performance.now();
    expect(await service.stop()).toBe(0);
    const tookMs = performance.now() - toldMs;
    measured('a stop with silent clients', tookMs);
    expect(tookMs).toBeLessThan(3_000);
    mute.destroy();
    agent.destroy();
  }, 30_000);

  it('finishes the changes that are under way, and each that it acknowledged holds', async () => {
    const service = await start({ SHUTDOWN_DELAY_MS: '0' });
    const { dataDir } = service;
    const creating = Array.from({ length: 6 }, (_, i) => create(service, `under way ${i}`));
    await eventually('they have arrived', () => isBusy(service), 5_000);
    expect(await service.stop()).toBe(0);
    const created = (await Promise.all(creating)).filter(({ status }) => status !== null);
    expect(tally(created)).toEqual({ 200: created.length });
    expect(created.length).toBeGreaterThan(0);

    const again = await TestProcess.start({ program: 'start', database: schema.url, dataDir });
    for (const outcome of created) {
      const { id, secret } = envelope<MadeKey>(outcome).data;
      expect((await again.send('GET', `${KEYS}/${id}`, { secret })).status).toBe(200);
    }
  }, 30_000);
});

function create(service: TestProcess, label: string): Promise<Outcome> {
  return exchange(new Agent({ keepAlive: false }), 'POST', `${service.url}${KEYS}`, {
    secret: service.firstKey.secret,
    body: { label },
  });
}

/**
 * bcrypt takes tens of milliseconds, so further creates are running once the first one has its log
 * line.
 */
function isBusy(service: TestProcess): boolean {
  return service.stdout.includes('"method":"POST"');
}

async function countOf({ connection }: TestSchema, id: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT total_requests AS total FROM api_key_metrics WHERE key_id = UNHEX(?)',
    [id.replace('api_key_', '').replaceAll('-', '')],
  );
  return Number(rows[0]?.total ?? 0);
}

/** Whose key `/verify` found. */
function verifiedId(outcome: Outcome): string {
  return envelope<{ readonly api_key: MadeKey }>(outcome).data.api_key.id;
}
