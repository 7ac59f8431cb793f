import { Registry } from 'prom-client';
import { newId } from '../../common/prefixed-id.js';
import { UnavailableError } from '../../common/unavailable-error.js';
import type { ChangeFeed } from '../change-feed/change-feed.js';
import { OutageDetector } from './outage-detector.js';
import { KeyCache } from './key-cache.js';
import { KeyLoader } from './key-loader.js';
import { CacheRevalidator } from './cache-revalidator.js';
import { KeySource } from './key-source.js';
import { RecentChanges } from '../change-feed/recent-changes.js';
import type { CachedSecretQuery } from './cached-secret.query.js';
import { VerificationMetrics } from '../verification-metrics.js';
import {
  HandClock,
  newSecretId,
  refreshed,
  storedSecret,
  turnOfTheLoop,
} from '../../../test/support/verification-collaborators.js';

const BOUND_MS = 1_000;
const GRACE_MS = 10_000;

/**
 * A source over a feed that is as old as the test says, and a database that is reachable or not.
 */
function arrange(outageGraceMs = GRACE_MS) {
  const clock = new HandClock();
  const cache = new KeyCache({ cacheMaxKeys: 100, cacheMaxBytes: 2 ** 28 });
  const reach = new OutageDetector(clock);
  const feed = {
    knownAtMs: clock.nowMs,
    get isFresh() {
      return clock.nowMs - feed.knownAtMs <= BOUND_MS;
    },
  };
  const database = { isReachable: true, takesMs: 0, queries: 0, idsRead: 0 };
  const query = {
    findAll: (ids: readonly string[]) => {
      const startedMs = clock.nowMs;
      database.queries++;
      database.idsRead += ids.length;
      clock.nowMs += database.takesMs;
      if (!database.isReachable) {
        reach.failed(startedMs);
        return Promise.reject(new UnavailableError());
      }
      reach.succeeded(startedMs);
      return Promise.resolve(
        new Map(ids.map((id, place) => [id, storedSecret(id, startedMs, { firstByte: 0xff - (place % 0x100) })])),
      );
    },
  };
  const changes = new RecentChanges(clock);
  const loader = new KeyLoader(query as unknown as CachedSecretQuery, cache, changes);
  const source = new KeySource(
    cache,
    loader,
    new CacheRevalidator(loader, feed as ChangeFeed),
    feed as ChangeFeed,
    changes,
    reach,
    new VerificationMetrics(new Registry()),
    clock,
    {
      freshnessBoundMs: BOUND_MS,
      outageGraceMs,
    },
  );
  const id = newSecretId();
  return { clock, feed, changes, database, source, id };
}

describe('where facts come from', () => {
  it('the cache, without a query, while the feed is fresh', async () => {
    const { clock, feed, database, source, id } = arrange();
    expect(source.findWarm(id)).toBeUndefined();
    await source.read(id);
    for (let i = 0; i < 100; i++) {
      feed.knownAtMs = clock.nowMs += 500;
      expect(source.findWarm(id)).toBeDefined();
    }
    expect(database.queries).toBe(1);
  });

  it('the cache still, when they are a minute old; they are read again in the background', async () => {
    const { clock, feed, database, source, id } = arrange();
    const first = await source.read(id);
    feed.knownAtMs = clock.nowMs += 60_001;
    expect(source.findWarm(id)).toBe(first);
    await refreshed();
    expect(database.queries).toBe(2);
    expect(source.findWarm(id)).not.toBe(first);
  });

  it('the cache still, when many were read at one time: they are read again one by one, over half a minute', async () => {
    const { clock, feed, database, source } = arrange();
    const ids = Array.from({ length: 100 }, newSecretId);
    await Promise.all(ids.map((id) => source.read(id)));
    const readAtOnce: number[] = [];
    for (let passedMs = 0; passedMs < 61_000; passedMs += 1_000) {
      const before = database.idsRead;
      feed.knownAtMs = clock.nowMs += 1_000;
      ids.forEach((id) => source.findWarm(id));
      await refreshed();
      readAtOnce.push(database.idsRead - before);
    }
    expect(Math.max(...readAtOnce)).toBeLessThan(10);
    expect(readAtOnce.slice(0, 29)).toEqual(Array(29).fill(0));
    expect(readAtOnce.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(100);
  });

  it('the database, once the feed is stale: what is read is used for the bound, counted from its start', async () => {
    const { clock, database, source, id } = arrange();
    await source.read(id);
    clock.nowMs += BOUND_MS;
    expect(source.findWarm(id)).toBeDefined();
    clock.nowMs += 1;
    expect(source.findWarm(id)).toBeUndefined();
    database.takesMs = 300;
    await source.read(id);
    clock.nowMs += BOUND_MS - 300;
    expect(source.findWarm(id)).toBeDefined();
    clock.nowMs += 1;
    expect(source.findWarm(id)).toBeUndefined();
  });

  it('the database for at most eight at once without the feed, five of them remembered and three not', async () => {
    const { clock, source } = arrange();
    const known = Array.from({ length: 20 }, newSecretId);
    await Promise.all(known.map((id) => source.read(id)));
    clock.nowMs += BOUND_MS + 1;
    const readAll = async (ids: readonly string[]) => {
      const outcomes = await Promise.allSettled(ids.map((id) => source.read(id)));
      return outcomes.filter(({ status }) => status === 'fulfilled').length;
    };
    const unknown = Array.from({ length: 100 }, newSecretId);
    expect(await Promise.all([readAll(unknown), readAll(known)])).toEqual([3, 5]);
  });

  it('nowhere, when a read without the feed took longer than the bound', async () => {
    const { clock, database, source, id } = arrange();
    clock.nowMs += BOUND_MS + 1;
    database.takesMs = BOUND_MS + 1;
    await expect(source.read(id)).rejects.toThrow(UnavailableError);
  });

  it('the cache, when the database is gone, until the grace is over, however old they were', async () => {
    const { clock, feed, database, source, id } = arrange();
    await source.read(id);
    // Long in the cache, and fresh all the time.
    feed.knownAtMs = clock.nowMs += 59_000;
    database.isReachable = false;
    clock.nowMs += BOUND_MS + 1;
    expect(source.findWarm(id)).toBeUndefined();
    expect(await source.read(id)).not.toBeNull();
    for (let passed = BOUND_MS + 1; passed + 500 <= BOUND_MS + GRACE_MS; passed += 500) {
      clock.nowMs += 500;
      expect(source.findWarm(id)).toBeDefined();
      await turnOfTheLoop();
    }
    clock.nowMs = feed.knownAtMs + BOUND_MS + GRACE_MS + 1;
    expect(source.findWarm(id)).toBeUndefined();
    await expect(source.read(id)).rejects.toThrow(UnavailableError);
  });

  it('nowhere, when the database is gone and there is no grace', async () => {
    const { clock, database, source, id } = arrange(0);
    await source.read(id);
    database.isReachable = false;
    clock.nowMs += BOUND_MS + 1;
    await expect(source.read(id)).rejects.toThrow(UnavailableError);
    expect(source.findWarm(id)).toBeUndefined();
  });

  it('the database, as soon as a read gets through again', async () => {
    const { clock, database, source, id } = arrange();
    await source.read(id);
    database.isReachable = false;
    clock.nowMs += BOUND_MS + 1;
    await source.read(id);
    expect(source.findWarm(id)).toBeDefined();
    database.isReachable = true;
    clock.nowMs += 251;
    // This one is still served from the cache, and finds out that the next need not be.
    expect(source.findWarm(id)).toBeDefined();
    await turnOfTheLoop();
    clock.nowMs += BOUND_MS + 1;
    expect(source.findWarm(id)).toBeUndefined();
  });

  it('the database, when its failure is old news or from before the feed was last read', async () => {
    const { clock, feed, database, source, id } = arrange();
    await source.read(id);
    database.isReachable = false;
    clock.nowMs += BOUND_MS + 1;
    await source.read(id);
    clock.nowMs += 1_501;
    expect(source.findWarm(id)).toBeUndefined();
    await source.read(id);
    expect(source.findWarm(id)).toBeDefined();
    feed.knownAtMs = clock.nowMs += 1;
    clock.nowMs += BOUND_MS + 1;
    expect(source.findWarm(id)).toBeUndefined();
  });

  it('never the cache for a request for fresh data', async () => {
    const { clock, database, source, id } = arrange();
    const known = await source.read(id);
    expect(await source.readFresh(id)).not.toBe(known);
    database.isReachable = false;
    clock.nowMs += BOUND_MS + 1;
    await source.read(id);
    await expect(source.readFresh(id)).rejects.toThrow(UnavailableError);
  });

  it('what was read before, while the feed is fresh and tells of no change of that key or its organization since', async () => {
    const { clock, feed, changes, source, id } = arrange();
    const { key } = (await source.read(id)) ?? storedSecret(id, 0);
    const readAtMs = clock.nowMs;
    const isStillTrue = () => source.isStillTrue({ key, readAtMs });
    clock.nowMs += 1;
    changes.add({ organizationId: newId('org_') });
    expect(isStillTrue()).toBe(true);
    clock.nowMs = feed.knownAtMs + BOUND_MS + 1;
    expect(isStillTrue()).toBe(false);
    feed.knownAtMs = clock.nowMs;
    expect(isStillTrue()).toBe(true);
    changes.add({ organizationId: key.organizationId, keyId: key.keyId });
    expect(isStillTrue()).toBe(false);
  });
});
