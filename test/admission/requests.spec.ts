import { Agent, request as startRequest, type ClientRequest } from 'node:http';
import { createConnection, type Connection } from 'mysql2/promise';
import { REQUEST_LIMITS, RequestAdmission } from '../../src/admission/request-admission.js';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { Database } from '../../src/database/database.js';
import { KEYS, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { exchange, type Outcome, tally } from '../support/load-client.js';
import { eventually } from '../support/eventually.js';
import { connectionOptions, testServerUrl } from '../support/schema.js';

const { runningPerKey, queuedPerKey } = REQUEST_LIMITS;
const BODY = JSON.stringify({ label: 'Slow' });

describe('the requests of one key', () => {
  let fixture: Fixture;
  let holder: Connection;
  beforeAll(async () => {
    fixture = await startFixture();
    holder = await createConnection({ ...connectionOptions(testServerUrl()), database: fixture.app.schema.name });
  });
  afterAll(async () => {
    await holder.end();
    await fixture.app.close();
  });

  const admission = () => fixture.app.app.get(RequestAdmission);
  const load = () => admission().loadOf(fixture.organizationId);
  const ask = (method: string, path: string, secret: string, body?: unknown) =>
    exchange(new Agent({ keepAlive: false }), method, `${fixture.app.url}${path}`, { secret, body });

  const lock = async (id: string) => {
    await holder.beginTransaction();
    await holder.query('SELECT id FROM api_keys WHERE id = ? FOR UPDATE', [idToBytes('api_key_', id)]);
  };

  /** While bodies that do not end take every place that a key has. */
  async function whileBusy<T>(work: (secret: string) => Promise<T>): Promise<T> {
    const { secret } = await fixture.createKey();
    const slow = Array.from({ length: runningPerKey }, () => startCreate(secret));
    slow.forEach((client) => client.write('{'));
    try {
      await eventually('the creates run', () => load().running === runningPerKey);
      return await work(secret);
    } finally {
      slow.forEach((client) => client.destroy());
      await eventually('all is over', () => load().running + load().queued === 0);
    }
  }

  /** A create whose body is still to be sent. */
  function startCreate(secret: string, headers: Readonly<Record<string, string>> = {}): ClientRequest {
    const client = startRequest(`${fixture.app.url}${KEYS}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'content-length': BODY.length,
        ...headers,
      },
    });
    client.on('error', () => undefined);
    return client;
  }

  it('are refused with 429 beyond the queue, and those in it are served', async () => {
    let queued: Promise<Outcome>[] = [];
    const refused = await whileBusy(async (secret) => {
      queued = Array.from({ length: queuedPerKey }, () => ask('GET', `${KEYS}/${fixture.root.id}`, secret));
      await eventually('the queue is full', () => load().queued === queuedPerKey);
      return send(fixture.app.url, 'GET', `${KEYS}/${fixture.root.id}`, { secret });
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused.body).toMatchObject({ status: 429, data: null });
    expect(refused.body.error).toMatch(
      /^Too many requests of this API key .* try again after the seconds in Retry-After\.$/,
    );
    expect(tally(await Promise.all(queued))).toEqual({ 200: queuedPerKey });
  }, 30_000);

  it('delay neither another key of the organization nor another organization, nor what needs no database', async () => {
    const foreign = await fixture.createForeignKey();
    const sibling = await fixture.createKey();
    await whileBusy(async (secret) => {
      const waiting = ask('GET', KEYS, secret);
      await eventually('it waits', () => load().queued === 1);
      const [own, others] = await Promise.all([
        ask('GET', `${KEYS}/current`, secret),
        ask('GET', KEYS, foreign.secret),
      ]);
      const created = await ask('POST', KEYS, foreign.secret, { label: 'Meanwhile' });
      const read = await ask('GET', KEYS, sibling.secret);
      const health = await ask('GET', '/health/ready', secret);
      expect([own, others, created, read, health].map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(load().queued).toBe(1);
      void waiting;
    });
  }, 30_000);

  it('that wait for a locked row leave a connection to another organization', async () => {
    const [key, foreign] = await Promise.all([fixture.createKey(), fixture.createForeignKey()]);
    expect((await ask('GET', KEYS, foreign.secret)).status).toBe(200);
    await lock(key.id);
    const changes = Array.from({ length: 20 }, () => ask('PUT', `${KEYS}/${key.id}`, key.secret, { label: 'Changed' }));
    await eventually('they wait', () => load().running === runningPerKey && load().queued === 20 - runningPerKey);
    const others = await Promise.all([
      ask('GET', KEYS, foreign.secret),
      ask('POST', KEYS, foreign.secret, { label: 'Meanwhile' }),
      ask('PUT', `${KEYS}/${foreign.id}`, foreign.secret, { label: 'Meanwhile' }),
    ]);
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(load().queued).toBe(20 - runningPerKey);
    await holder.rollback();
    expect(tally(await Promise.all(changes))).toEqual({ 200: 20 });
  }, 30_000);

  it('leave the queue when their client goes away', async () => {
    await whileBusy(async (secret) => {
      const clients = Array.from({ length: 20 }, () => {
        const client = startRequest(`${fixture.app.url}${KEYS}/${fixture.root.id}`, {
          headers: { authorization: `Bearer ${secret}` },
        });
        client.on('error', () => undefined);
        return client.end();
      });
      await eventually('they wait', () => load().queued === clients.length);
      for (const client of clients) {
        client.destroy();
      }
      await eventually('none waits', () => load().queued === 0);
    });
  }, 30_000);

  it('are not read before they are admitted: a queued request holds no body', async () => {
    const said: string[] = [];
    await whileBusy(async (secret) => {
      const client = startCreate(secret, { expect: '100-continue' });
      client.flushHeaders();
      client.on('continue', () => {
        said.push('continue');
        client.end(BODY);
      });
      client.on('response', (response) => {
        said.push(String(response.statusCode));
        response.resume();
      });
      await eventually('it waits', () => load().queued === 1);
      expect(said).toEqual([]);
    });
    await eventually('it is answered', () => said.length === 2);
    expect(said).toEqual(['continue', '200']);
  }, 30_000);

  it('that wait for a locked row are refused, each after its own wait, and served when it is free', async () => {
    const key = await fixture.createKey();
    await lock(key.id);
    const outcomes = await Promise.all(
      Array.from({ length: 15 }, () => ask('PUT', `${KEYS}/${key.id}`, key.secret, { label: 'Changed' })),
    );
    await holder.rollback();
    expect(tally(outcomes)).toEqual({ 503: 15 });
    expect(outcomes.filter(({ headers }) => headers['retry-after'] !== '1')).toEqual([]);
    expect((await ask('PUT', `${KEYS}/${key.id}`, key.secret, { label: 'Changed' })).status).toBe(200);
  }, 30_000);

  it('whose bodies do not arrive give their places back: 408 after five seconds', async () => {
    const { secret } = await fixture.createKey();
    const answers: [status: number | undefined, connection: string | undefined][] = [];
    for (let i = 0; i < runningPerKey; i++) {
      const slow = startCreate(secret);
      slow.write('{');
      slow.on('response', (response) => {
        answers.push([response.statusCode, response.headers.connection]);
        response.resume();
      });
    }
    await eventually('they run', () => load().running === runningPerKey);
    const waiting = ask('GET', `${KEYS}/${fixture.root.id}`, secret);
    expect((await waiting).status).toBe(200);
    await eventually('all are answered', () => answers.length === runningPerKey);
    expect(answers).toEqual(Array.from({ length: runningPerKey }, () => [408, 'close']));
    expect(load()).toEqual({ running: 0, queued: 0 });
  }, 30_000);

  it('that fail free their places: refused input, a missing key, a body that breaks off', async () => {
    const { secret } = await fixture.createKey();
    for (let i = 0; i < 2 * runningPerKey; i++) {
      expect((await ask('POST', KEYS, secret, { label: 1 })).status).toBe(400);
      expect((await ask('POST', KEYS, secret, '{')).status).toBe(400);
      expect((await ask('GET', `${KEYS}/api_key_0197c0f1-9589-7990-b421-4b806f637b0c`, secret)).status).toBe(404);
      const broken = startCreate(secret);
      broken.write('{');
      await eventually('it runs', () => load().running === 1);
      broken.destroy();
      await eventually('it is over', () => load().running === 0);
    }
    expect((await ask('GET', KEYS, secret)).status).toBe(200);
  }, 30_000);
});

describe('/health/ready and /health/live', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: { DATABASE_POOL_SIZE: '2' } });
  });
  afterAll(() => fixture.app.close());

  const stateAt = async (url: string, path: string) => {
    const response = await fetch(`${url}/health/${path}`);
    return { ...((await response.json()) as { status: string; database: string }), code: response.status };
  };

  it('say of a database whose connections are all in use that it is busy, on both listeners', async () => {
    const { app, url, internalUrl } = fixture.app;
    let release: () => void = () => undefined;
    const held = app
      .get(Database)
      .over('verification')
      .read(() => new Promise<void>((resolve) => (release = resolve)), 10_000);
    const busy = { code: 200, status: 'ready', database: 'busy' };
    await eventually('it is busy', async () => (await stateAt(url, 'ready')).database === 'busy');
    expect(await stateAt(url, 'live')).toMatchObject(busy);
    expect(await stateAt(internalUrl, 'ready')).toMatchObject(busy);
    expect(await stateAt(internalUrl, 'live')).toMatchObject(busy);
    release();
    await held;
    await eventually('it is reachable', async () => (await stateAt(url, 'ready')).database === 'reachable');
  });
});
