import { Logger } from '@nestjs/common';
import { BackgroundTasks } from '../../background/background-tasks.js';
import { ChangeLog } from '../../change-log/change-log.js';
import { Registry } from 'prom-client';
import { ChangeFeed } from './change-feed.js';
import { DatabaseClock } from './database-clock.js';
import { CacheInvalidation } from '../cache/cache-invalidation.js';
import { KeyCache } from '../cache/key-cache.js';
import type { ChangeFeedReader, ChangeLogEntry, FeedPage, ReadFrom } from './change-feed-reader.js';
import { RecentChanges } from './recent-changes.js';
import type { CachedSecret } from '../cache/cached-secret.js';
import { VerificationMetrics } from '../verification-metrics.js';
import { changeOf, HandClock, newSecretId, storedSecret } from '../../../test/support/verification-collaborators.js';

const NOON_MS = Date.parse('2026-11-22T12:00:00Z');
const BOUND_MS = 1_000;

/** A feed whose polls a test makes, one after the other. */
async function arrange({ polled = true } = {}) {
  const clock = new HandClock();
  const cache = new KeyCache({ cacheMaxKeys: 100, cacheMaxBytes: 2 ** 28 });
  const databaseClock = new DatabaseClock(clock);
  let next: FeedPage | Error = new Error('nothing to read');
  let takesMs = 0;
  const asked: ReadFrom[] = [];
  const reader = {
    read: (from: ReadFrom) => {
      asked.push(from);
      clock.nowMs += takesMs;
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    close: () => undefined,
  };
  const registry = new Registry();
  const metrics = new VerificationMetrics(registry);
  const feed = new ChangeFeed(
    reader as unknown as ChangeFeedReader,
    new CacheInvalidation(new RecentChanges(clock), cache),
    databaseClock,
    metrics,
    clock,
    { freshnessBoundMs: BOUND_MS },
    new ChangeLog(),
    new BackgroundTasks(),
  );
  const poll = (page: Partial<FeedPage> | Error, tookMs = 0) => {
    next =
      page instanceof Error
        ? page
        : { nowMs: NOON_MS, epoch: 'one', cursorExists: true, newest: null, entries: [], ...page };
    takesMs = tookMs;
    return feed.poll().catch(() => undefined);
  };
  const warm = () => {
    const entry = storedSecret(newSecretId(), clock.nowMs);
    cache.set(entry);
    return entry;
  };
  const knows = ({ secretId }: CachedSecret) => cache.get(secretId) !== undefined;
  if (polled) {
    await poll({});
  }
  return { asked, clock, cache, databaseClock, feed, poll, warm, knows, registry };
}

const entryOf = (entry: CachedSecret, id: string, createdMs: number): ChangeLogEntry => ({
  ...changeOf(entry),
  id,
  createdMs,
});

describe('the change feed', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  it('drops what was read before its first poll, because that may have changed unseen', async () => {
    const { poll, warm, knows, feed } = await arrange({ polled: false });
    const entry = warm();
    expect(feed.isFresh).toBe(false);
    await poll({});
    expect([knows(entry), feed.isFresh]).toEqual([false, true]);
  });

  it('reads again everything above the newest entry of twenty seconds ago, whatever its time', async () => {
    const { clock, poll, asked } = await arrange();
    const aboveIdAfter = async (passedMs: number, newest: string) => {
      clock.nowMs += passedMs;
      await poll({ newest: { id: newest, createdMs: NOON_MS } });
      return asked.at(-1)?.aboveId;
    };
    expect(await aboveIdAfter(250, '5')).toBe('0');
    expect(await aboveIdAfter(250, '8')).toBe('0');
    expect(await aboveIdAfter(19_750, '9')).toBe('0');
    expect(await aboveIdAfter(250, '9')).toBe('5');
    expect(await aboveIdAfter(250, '9')).toBe('8');
  });

  it('is fresh from before a poll was sent until the bound is over', async () => {
    const { clock, feed, poll } = await arrange();
    await poll({}, 300);
    expect(feed.ageMs).toBe(300);
    clock.nowMs += 700;
    expect(feed.isFresh).toBe(true);
    clock.nowMs += 1;
    expect(feed.isFresh).toBe(false);
    await poll(new Error('the database is gone'));
    expect([feed.isFresh, feed.ageMs]).toEqual([false, 1_001]);
  });

  it('drops what an entry names, once, and nothing else', async () => {
    const { poll, warm, knows, cache } = await arrange();
    const [named, other] = [warm(), warm()];
    await poll({ entries: [entryOf(named, '7', NOON_MS)] });
    expect([knows(named), knows(other)]).toEqual([false, true]);
    cache.set(named);
    await poll({ entries: [entryOf(named, '7', NOON_MS)] });
    expect(knows(named)).toBe(true);
    await poll({ entries: [entryOf(named, '7', NOON_MS), entryOf(named, '6', NOON_MS - 4_000)] });
    expect(knows(named)).toBe(false);
  });

  it.each<[string, Partial<FeedPage>]>([
    ['another epoch', { epoch: 'two' }],
    ['no epoch', { epoch: null }],
    ['a newest entry that is gone', { cursorExists: false }],
    ['more entries than can be told', { entries: null }],
    ['a time half an hour later', { nowMs: NOON_MS + 30 * 60_000 + 2 }],
    ['a time before that of the last poll', { nowMs: NOON_MS - 10_001 }],
  ])('starts over at %s', async (_, page) => {
    const { poll, warm, knows } = await arrange();
    const entry = warm();
    await poll({ nowMs: NOON_MS + 1 });
    expect(knows(entry)).toBe(true);
    await poll(page);
    expect(knows(entry)).toBe(false);
    const later = warm();
    await poll({ ...page, epoch: page.epoch === undefined ? 'one' : page.epoch, cursorExists: true, entries: [] });
    expect(knows(later)).toBe(true);
  });

  it('starts over when an epoch appears where there was none', async () => {
    const { poll, warm, knows } = await arrange();
    await poll({ epoch: null });
    const entry = warm();
    await poll({ epoch: 'one' });
    expect(knows(entry)).toBe(false);
  });

  it('reports the time of the database, which never lags behind it', async () => {
    const { clock, databaseClock, poll } = await arrange();
    clock.nowMs += 250;
    await poll({ nowMs: NOON_MS + 1_000 }, 200);
    expect(databaseClock.nowMs()).toBe(NOON_MS + 1_200);
    clock.nowMs += 5_000;
    expect(databaseClock.nowMs()).toBe(NOON_MS + 6_200);
    await poll({ nowMs: NOON_MS + 6_000 });
    expect(databaseClock.nowMs()).toBe(NOON_MS + 6_000);
  });

  it('is measured: its age, and how long changes take to arrive; not those from before it started', async () => {
    const { clock, poll, warm, registry } = await arrange();
    await poll({ entries: [entryOf(warm(), '1', NOON_MS - 200)] });
    clock.nowMs += 400;
    const text = await registry.metrics();
    expect(text).toContain('latchkey_change_feed_age_seconds 0.4');
    expect(text).toContain('latchkey_revocation_lag_seconds_sum 0.2');
    expect(text).toContain('latchkey_revocation_lag_seconds_count 1');
  });
});
