import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SCOPE_CATALOGUE } from '../../src/common/access/scope.js';
import { parseIpAddress } from '../../src/common/net/ip-address.js';
import { UnavailableError } from '../../src/common/unavailable-error.js';
import { verificationJson } from '../../src/internal/verification-response.js';
import { formatSecret } from '../../src/secrets/secret-format.js';
import { KeyCache } from '../../src/verification/cache/key-cache.js';
import { Verifier } from '../../src/verification/verifier.js';
import type { MadeKey } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { report } from '../support/reports.js';
import { insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { untilChangesRead } from '../support/database-changes.js';
import { recordQueries } from '../support/query-log.js';

/** LATCHKEY_FLOOD_MS=60000 floods for a whole minute. */
const FLOOD_MS = Number(process.env.LATCHKEY_FLOOD_MS ?? 4_000);
const FLOOD_PER_SECOND = 5_000;
const ATTEMPT = { scopes: SCOPE_CATALOGUE.all, address: parseIpAddress('127.0.0.1') };

const stranger = () => formatSecret('sk_live_', randomBytes(16), randomBytes(24));

describe('verification', () => {
  let fixture: Fixture;
  let verifier: Verifier;
  let cache: KeyCache;
  beforeAll(async () => {
    fixture = await startFixture({ env: { LOG_LEVEL: 'warn' } });
    verifier = fixture.app.app.get(Verifier);
    cache = fixture.app.app.get(KeyCache);
  });
  afterAll(() => fixture.app.close());
  // A machine that stood still leaves a feed that is late, without which few may read at once.
  beforeEach(() => untilChangesRead(fixture.app));

  async function insertKeys(count: number): Promise<MadeKey[]> {
    const { connection } = fixture.app.schema;
    return insertVerifiableKeys(connection, await insertOrganization(connection), count);
  }

  const verify = async ({ secret }: Pick<MadeKey, 'secret'>) =>
    (await verifier.verify({ secret, attempt: ATTEMPT }, { endpoint: 'verify' })).code;

  /**
   * Tries again on 503, as a service does. The objects of the response count as memory in use as
   * well.
   */
  const answerAtLast = async (key: MadeKey): Promise<string> => {
    try {
      return verificationJson(await verifier.verify({ secret: key.secret, attempt: ATTEMPT }, { endpoint: 'verify' }));
    } catch (error) {
      if (!(error instanceof UnavailableError)) {
        throw error;
      }
      await untilChangesRead(fixture.app);
      return answerAtLast(key);
    }
  };

  it('of one cold key for 500 callers makes one query; warm, none', async () => {
    const [key] = await insertKeys(1);
    if (key === undefined) {
      throw new Error('no key');
    }
    const codes = new Set<string>();
    const askAll = async () => {
      for (const code of await Promise.all(Array.from({ length: 500 }, () => verify(key)))) {
        codes.add(code);
      }
    };
    const cold = await recordQueries(fixture.app, askAll);
    expect(cold).toHaveLength(1);
    const warm = await recordQueries(fixture.app, async () => {
      for (let i = 0; i < 20; i++) {
        await askAll();
      }
    });
    expect(warm).toEqual([]);
    expect([...codes]).toEqual(['VALID']);
  }, 60_000);

  it('of 250 cold keys at once makes one query', async () => {
    const keys = await insertKeys(250);
    const codes = new Set<string>();
    const statements = await recordQueries(fixture.app, async () => {
      for (const code of await Promise.all(keys.map(verify))) {
        codes.add(code);
      }
    });
    expect(statements).toHaveLength(1);
    expect([...codes]).toEqual(['VALID']);
  }, 60_000);

  it('of an unknown key asks each time: it may be created at any moment', async () => {
    const secret = stranger();
    const statements = await recordQueries(fixture.app, async () => {
      expect([await verify({ secret }), await verify({ secret })]).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    });
    expect(statements).toHaveLength(2);
  }, 60_000);

  it('of thousands of unknown keys a second leaves memory as it was, and good keys in the cache and in time', async () => {
    const keys = await insertKeys(200);
    await Promise.all(keys.map(verify));
    await untilChangesRead(fixture.app);
    const cached = cache.size;

    /**
     * Verifies good keys one after the other and records the durations. A database that stalls for
     * a second on a busy machine fails one or two; a flood that locked good keys out would fail
     * hundreds.
     */
    const measureGood = async (lastsMs: number, isEnough = () => true) => {
      const tookMs: number[] = [];
      let refused = 0;
      const endMs = performance.now() + lastsMs;
      // On a busy machine it takes longer until there was enough to be measured in.
      for (let i = 0; performance.now() < endMs || (!isEnough() && performance.now() < endMs + 4 * lastsMs); i++) {
        const beganMs = performance.now();
        const code = await verify(keys[i % keys.length] ?? { secret: '' }).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UnavailableError);
          refused++;
          return 'VALID';
        });
        tookMs.push(performance.now() - beganMs);
        expect(code).toBe('VALID');
        await sleep(1);
      }
      expect(refused).toBeLessThanOrEqual(5);
      return tookMs;
    };
    const quiet = await measureGood(FLOOD_MS / 2);

    // A full garbage collection may pause the process for a second. The flood begins once the feed
    // has caught up.
    const begun = heapMb();
    await untilChangesRead(fixture.app);
    const counts: Record<string, number> = {};
    const count = (what: string) => {
      counts[what] = (counts[what] ?? 0) + 1;
    };
    const over = new AbortController();
    const pending = new Set<Promise<unknown>>();
    const flood = (async () => {
      const beganMs = performance.now();
      let sent = 0;
      while (!over.signal.aborted) {
        await sleep(1);
        const due = ((performance.now() - beganMs) / 1_000) * FLOOD_PER_SECOND;
        for (; sent < due; sent++) {
          const asked = verify({ secret: stranger() })
            .then(count, (error: unknown) => {
              count((error as Error).constructor.name);
            })
            .finally(() => {
              pending.delete(asked);
            });
          pending.add(asked);
        }
      }
      await Promise.all(pending);
    })();
    const leastUnknown = (FLOOD_MS / 1_000) * 500;
    const flooded = await measureGood(FLOOD_MS, () => (counts.NOT_FOUND ?? 0) > leastUnknown).finally(() => {
      // In any case: a flood that went on would disturb the tests that follow in this process.
      over.abort();
    });
    await flood;
    const grownMb = heapMb() - begun;

    report(
      'good key, quiet',
      quiet.map((ms) => ms * 1_000),
      'µs',
    );
    report(
      'good key, in the flood',
      flooded.map((ms) => ms * 1_000),
      'µs',
    );
    process.stderr.write(
      `measured: flood of ${FLOOD_MS} ms: ${JSON.stringify(counts)}, heap ${begun.toFixed(1)} MB then ${grownMb > 0 ? '+' : ''}${grownMb.toFixed(1)} MB\n`,
    );
    expect(counts.NOT_FOUND).toBeGreaterThan(leastUnknown);
    expect(
      Object.keys(counts).filter((what) => what !== 'NOT_FOUND' && what !== 'BusyError' && what !== 'UnavailableError'),
    ).toEqual([]);
    expect(cache.size).toBe(cached);
    expect(grownMb).toBeLessThan(10);
    // A new key gets in, too.
    const [late] = await insertKeys(1);
    expect(late && (await verify(late))).toBe('VALID');
  }, 200_000);

  it('holds a snapshot of each key in a bounded number of bytes', async () => {
    const count = Number(process.env.LATCHKEY_ENTRIES ?? 5_000);
    const keys = await insertKeys(count);
    const before = { size: cache.size, mb: heapMb() };
    await untilChangesRead(fixture.app);
    for (let from = 0; from < count; from += 500) {
      await Promise.all(keys.slice(from, from + 500).map(answerAtLast));
    }
    const entries = cache.size - before.size;
    const bytes = ((heapMb() - before.mb) * 1_048_576) / entries;
    process.stderr.write(`measured: ${Math.round(bytes)} bytes for each of ${entries} entries\n`);
    expect(entries).toBe(count);
    expect(bytes).toBeLessThan(6_000);
  }, 120_000);
});

/** What lives on the heap, once the garbage is gone. */
function heapMb(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}
