import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { HASHES_AT_ONCE } from '../../src/secrets/secret-issuer.js';
import { formatSecret } from '../../src/secrets/secret-format.js';
import { callInternal, INTERNAL_ENV, INTERNAL_TOKENS, TOKENS } from '../internal/internal-calls.js';
import { KEYS, send, type MadeKey } from '../support/api-client.js';
import { type Fixture, seedKeys, startFixture } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { insertVerifiableKeys } from '../support/bulk-keys.js';
import { changeInDatabase, untilChangesRead } from '../support/database-changes.js';
import { eventually } from '../support/eventually.js';
import { forge } from '../support/secrets.js';
import { Exposition } from './exposition.js';
import { WAYS, type Presented } from './presented.js';

const KEYS_AT_ONCE = 200;
const ADDRESS = '192.0.2.1';

const stranger = () => formatSecret('sk_live_', randomBytes(16), randomBytes(24));

describe('the metrics', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: INTERNAL_ENV });
  });
  afterAll(() => fixture.app.close());

  const read = () => Exposition.of(fixture.app.internalUrl);
  /** What grew while something was done. */
  const during = async (work: () => Promise<unknown>) => {
    const before = await read();
    await work();
    const after = await read();
    return (name: string, ...by: readonly string[]) => after.grownSince(before, name, ...by);
  };

  it('count each verdict once, by its endpoint and its code, and measure it', async () => {
    const presented = await oneOfEachCode(fixture);
    const answers: { way: string; route: string; status: number }[] = [];
    const grown = await during(async () => {
      for (const [way, present] of Object.entries(WAYS)) {
        for (const each of Object.values(presented)) {
          const { status } = await present(fixture.app, each);
          answers.push({ way, route: each.scope == null ? `${KEYS}/current` : KEYS, status });
        }
      }
    });

    const codes = Object.keys(presented);
    const at = (endpoint: string, count: number, known = codes) => known.map((code) => [`${endpoint} ${code}`, count]);
    expect(grown('latchkey_verifications_total', 'endpoint', 'code')).toEqual(
      Object.fromEntries([
        ...at('public', 1),
        ...at('verify', 1),
        ...at('batch', 1),
        // This endpoint needs no scope, so a key without one is valid here.
        ...at(
          'introspect',
          1,
          codes.filter((code) => code !== 'INSUFFICIENT_SCOPES'),
        ),
        ['introspect VALID', 2],
        ...at('forward-auth', 2),
      ]),
    );
    const each = codes.length;
    expect(grown('latchkey_verification_duration_seconds_count', 'endpoint')).toEqual({
      public: each,
      verify: each,
      batch: each,
      introspect: each,
      'forward-auth': 2 * each,
    });
    // The responses as their clients saw them, and the first one of /metrics.
    const clients: Readonly<Record<string, string>> = { 'forward-auth': 'edge', envoy: 'edge' };
    const requests = answers.map(({ way, route, status }) =>
      way === 'public'
        ? `public ${route}  ${status}`
        : `internal ${way === 'envoy' ? 'forward-auth-envoy' : way} ${clients[way] ?? 'billing'} ${status}`,
    );
    expect(grown('latchkey_http_requests_total', 'listener', 'endpoint', 'client', 'status')).toEqual(
      tally([...requests, 'internal metrics  200']),
    );
  });

  it('distinguish cache hits from reads of the database', async () => {
    const { secret } = await fixture.createKey();
    await untilChangesRead(fixture.app);
    const verify = (text: string, headers = {}) => callInternal(fixture, '/verify', { secret: text }, { headers });
    const cachedBefore = (await read()).sum('latchkey_cache_entries');
    const grown = await during(async () => {
      for (let time = 0; time < 5; time++) {
        await verify(secret);
      }
      await verify(forge(secret));
      await verify(stranger());
      await verify(stranger());
      await verify('sk_live_nonsense');
      await verify(secret, { 'cache-control': 'no-cache' });
    });
    expect(grown('latchkey_cache_lookups_total', 'outcome')).toEqual({ hit: 5, miss: 3 });
    expect(grown('latchkey_cache_loads_total', 'outcome')).toEqual({ found: 2, unknown: 2 });
    expect((await read()).sum('latchkey_cache_entries')).toBe(cachedBefore + 1);
  });

  it('measure how late each change is read', async () => {
    const { id } = await fixture.createKey();
    await untilChangesRead(fixture.app);
    const grown = await during(async () => {
      for (let change = 0; change < 3; change++) {
        await changeInDatabase(fixture.app.schema.name, id, ['SELECT 1']);
      }
      await untilChangesRead(fixture.app);
    });
    expect(grown('latchkey_revocation_lag_seconds_count')).toEqual({ '': 3 });
    expect(grown('latchkey_revocation_lag_seconds_sum')['']).toBeLessThan(3 * 10);
    expect((await read()).sum('latchkey_change_feed_age_seconds')).toBeLessThan(1);
  });

  it('show who computes and who waits when many keys are created at once', async () => {
    let underway = 12;
    const creations = Array.from({ length: underway }, () => fixture.createKey().finally(() => underway--));
    let [running, queued] = [0, 0];
    while (underway > 0) {
      const metrics = await read();
      running = Math.max(running, metrics.sum('latchkey_admission_running', { pool: 'bcrypt' }));
      queued = Math.max(queued, metrics.sum('latchkey_admission_queued', { pool: 'bcrypt' }));
    }
    await Promise.all(creations);
    expect(running).toBe(HASHES_AT_ONCE);
    expect(queued).toBeGreaterThanOrEqual(1);
    const after = await read();
    expect([after.sum('latchkey_admission_running'), after.sum('latchkey_admission_queued')]).toEqual([0, 0]);
  });

  it(`are as many after ${KEYS_AT_ONCE} keys and as many strangers at every endpoint, and name none of them`, async () => {
    const { connection } = fixture.app.schema;
    const [first, ...others] = await insertVerifiableKeys(connection, fixture.organizationId, KEYS_AT_ONCE + 1);
    const strangers = Array.from({ length: KEYS_AT_ONCE }, stranger);
    await presentEverywhere(fixture, [first?.secret ?? '', stranger()]);
    const before = await read();
    await presentEverywhere(fixture, [...others.map(({ secret }) => secret), ...strangers]);
    const after = await read();

    const ours = ({ series }: Exposition) => series.filter(({ name }) => name.startsWith('latchkey_'));
    const names = (metrics: Exposition) =>
      ours(metrics)
        .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
        .sort();
    expect(names(after)).toEqual(names(before));
    expect(after.sum('latchkey_verifications_total') - before.sum('latchkey_verifications_total')).toBe(
      6 * 2 * KEYS_AT_ONCE,
    );

    const values = new Set(ours(after).flatMap(({ labels }) => Object.values(labels)));
    // Short words, templates and numbers: a code, an endpoint, a status, a bound. None can contain
    // an id.
    const isBounded = (value: string) =>
      /^(?:[A-Z_]{4,21}|[a-z-]{0,18}|(?:\/:?[a-z_]{2,10})+|[\d.]{1,8}|\+Inf)$/.test(value);
    expect([...values].filter((value) => !isBounded(value))).toEqual([]);
    const { text } = after;
    const told = [...others, { id: fixture.organizationId, secret: TOKENS.billing }].flatMap(({ id, secret }) => [
      id.slice(id.lastIndexOf('_') + 1),
      secret.slice(8, 40),
    ]);
    expect([...told, ...strangers.map((secret) => secret.slice(8, 40))].filter((part) => text.includes(part))).toEqual(
      [],
    );
  }, 60_000);
});

describe('the metrics of an instance that is cut off from the database', () => {
  let running: TestApp;
  let keys: MadeKey[];
  beforeAll(async () => {
    running = await TestApp.start({ isProxied: true, tokens: INTERNAL_TOKENS, env: { OUTAGE_GRACE_MS: '1000' } });
    keys = await seedKeys(running, 20);
  });
  afterAll(() => running.close());

  const read = () => Exposition.of(running.internalUrl);
  const present = (way: string, { secret }: Presented) => WAYS[way]?.(running, { secret });

  it('show that the feed is not read, what waits to be written, and who gets no verdict; then that it is over', async () => {
    const used = keys.slice(0, 7);
    for (const key of used) {
      await present('verify', key);
    }
    await running.flushUsage();
    expect((await read()).sum('latchkey_usage_backlog_keys')).toBe(0);

    running.proxy.set('closed');
    for (const key of used) {
      expect((await present('verify', key))?.status).toBe(200);
    }
    const before = await read();
    const backlog = async () => (await read()).sum('latchkey_usage_backlog_keys');
    await eventually('the uses of seven keys wait', async () => (await backlog()) === 7);
    await eventually('the uses wait for two seconds', async () => (await read()).sum('latchkey_usage_age_seconds') > 2);
    await eventually('the feed is old', async () => (await read()).sum('latchkey_change_feed_age_seconds') > 2.5);
    for (const key of used) {
      expect((await present('introspect', key))?.status).toBe(503);
    }
    const after = await read();
    const grown = (name: string, ...by: readonly string[]) => after.grownSince(before, name, ...by);
    expect(grown('latchkey_verifications_total', 'endpoint', 'code')).toEqual({
      'introspect UNAVAILABLE': used.length,
    });
    expect(grown('latchkey_http_requests_total', 'listener', 'status')).toMatchObject({ 'internal 503': used.length });
    expect(grown('latchkey_cache_loads_total', 'outcome')).toEqual({ failed: used.length });

    running.proxy.set('open');
    await eventually('the feed is read', async () => (await read()).sum('latchkey_change_feed_age_seconds') < 1);
    await eventually('the uses are written', async () => (await backlog()) === 0);
    await eventually('nothing is old', async () => (await read()).sum('latchkey_usage_age_seconds') < 2);
  });

  it('show how many connections each lane uses, what waits for one, and what waits to be admitted', async () => {
    const { url } = running;
    const [first, second] = keys.map(({ secret }) => secret);
    for (const secret of [first, second]) {
      await present('public', { secret: secret ?? '' });
    }
    running.proxy.set('mute');
    const get = (secret = '') => send(url, 'GET', `${KEYS}/${keys[0]?.id ?? ''}`, { secret });
    const asked = Array.from({ length: 9 }, () => [get(first), get(second)]).flat();
    const use = async () => {
      const metrics = await read();
      return {
        connections: metrics.sum('latchkey_database_connections'),
        inUse: metrics.sum('latchkey_database_connections_in_use', { lane: 'control' }),
        queued: metrics.sum('latchkey_database_connections_waiting', { lane: 'control' }),
        running: metrics.sum('latchkey_admission_running', { pool: 'control' }),
        waiting: metrics.sum('latchkey_admission_queued', { pool: 'control' }),
      };
    };
    // Of the three connections of the control plane, one organization leaves one for the others.
    const expected = { connections: 5, inUse: 2, queued: 4, running: 6, waiting: 12 };
    await eventually('all wait', async () => isDeepStrictEqual(await use(), expected));
    await Promise.all(asked);
    running.proxy.set('open');
    const idle = { connections: 5, inUse: 0, queued: 0, running: 0, waiting: 0 };
    await eventually('nothing waits', async () => isDeepStrictEqual(await use(), idle));
    const refused = (await read()).sum('latchkey_admission_refused_total', { pool: 'control', reason: 'unavailable' });
    expect(refused).toBeGreaterThan(0);
  });
});

/**
 * Requests that together yield each code once. A key that lacks a scope or an address is used where
 * one is needed.
 */
async function oneOfEachCode(fixture: Fixture): Promise<Record<string, Presented>> {
  const { app, createKey, setColumn, client } = fixture;
  const stopped = await app.createOrganization('Stopped');
  const orphan = await app.createKey(stopped);
  await app.app.get(OrganizationsService).deactivate(stopped);
  const [narrow, bounded, deleted, disabled, expired] = await Promise.all([
    createKey({ scopes: ['invoices.read'] }),
    createKey({ ip_allow_list: [ADDRESS] }),
    createKey(),
    createKey(),
    createKey(),
  ]);
  await client.delete(deleted.id);
  await setColumn(disabled.id, 'disabled_at', 'UTC_TIMESTAMP()');
  await setColumn(expired.id, 'expires_at', 'UTC_TIMESTAMP() - INTERVAL 1 SECOND');
  await untilChangesRead(app);
  return {
    VALID: { secret: bounded.secret, address: ADDRESS },
    CLIENT_IP_REQUIRED: { secret: bounded.secret },
    IP_NOT_ALLOWED: { secret: bounded.secret, address: '192.0.2.2' },
    INSUFFICIENT_SCOPES: { secret: narrow.secret, scope: 'api_keys.read' },
    NOT_FOUND: { secret: stranger() },
    MALFORMED: { secret: 'sk_live_nonsense' },
    DELETED: { secret: deleted.secret },
    DISABLED: { secret: disabled.secret },
    EXPIRED: { secret: expired.secret },
    ORGANIZATION_INACTIVE: { secret: orphan.secret },
  };
}

/** Each secret at every endpoint, good and bad, and in the place of a path, a name and a token. */
async function presentEverywhere({ app }: Fixture, secrets: readonly string[]): Promise<void> {
  const ask = async (secret: string) => {
    await Promise.all(Object.values(WAYS).map((present) => present(app, { secret })));
    const basic = { authorization: `Basic ${Buffer.from(`${secret}:${secret}`).toString('base64')}` };
    await Promise.all([
      fetch(`${app.internalUrl}/${secret}`),
      fetch(`${app.internalUrl}/verify`, { method: 'POST', headers: { authorization: `Bearer ${secret}` } }),
      fetch(`${app.internalUrl}/introspect?token=${secret}`, { method: 'POST', headers: basic }),
      fetch(`${app.internalUrl}/forward-auth/envoy/${secret}`, { headers: { 'x-latchkey-token': secret } }),
      fetch(`${app.url}/${secret}`, { method: 'PROPFIND' }),
    ]);
  };
  const waiting = [...secrets];
  const worker = async () => {
    for (let secret = waiting.pop(); secret !== undefined; secret = waiting.pop()) {
      await ask(secret);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

function tally(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) {
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
