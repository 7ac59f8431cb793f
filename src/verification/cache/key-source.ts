import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { UnavailableError } from '../../common/unavailable-error.js';
import { CONFIG, type Config } from '../../config/config.js';
import { ChangeFeed } from '../change-feed/change-feed.js';
import { OutageDetector } from './outage-detector.js';
import { KeyCache } from './key-cache.js';
import { BusyError, KeyLoader, type Places } from './key-loader.js';
import { CacheRevalidator } from './cache-revalidator.js';
import { RecentChanges, type Reading } from '../change-feed/recent-changes.js';
import type { CachedSecret } from './cached-secret.js';
import { VerificationMetrics } from '../verification-metrics.js';

/** Without the feed every verification is a read: no more than eight at once, whoever asks. */
const WITHOUT_FEED: Places = { cached: 5, unknown: 3 };
const PROBE_INTERVAL_MS = 250;
/**
 * What no change-log entry says, a label that another instance changed say, is read after this at the latest, with the key's next use; that also heals a
 * forgotten entry.
 */
const LATEST_REFRESH_MS = 60_000;
const MOST_WAITING_FOR_OUTCOME = 2_000;

/**
 * Where facts come from: the cache while it can be shown to be fresh, the database otherwise. An instance that is cut off from
 * the database altogether goes on with what it knew, until the grace is over.
 */
@Injectable()
export class KeySource {
  private probedAtMs = -Infinity;

  constructor(
    private readonly cache: KeyCache,
    private readonly loader: KeyLoader,
    private readonly refresh: CacheRevalidator,
    private readonly feed: ChangeFeed,
    private readonly changes: RecentChanges,
    private readonly outages: OutageDetector,
    private readonly metrics: VerificationMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'freshnessBoundMs' | 'outageGraceMs'>,
  ) {
    metrics.watchCache(cache);
  }

  /** Facts that may be used as they are; undefined when the database must be asked. */
  findWarm(secretId: string, nowMs = this.clock.monotonicMs()): CachedSecret | undefined {
    const entry = this.cache.get(secretId);
    if (entry === undefined || !this.mayBeUsed(entry, nowMs)) {
      this.metrics.countMiss();
      return undefined;
    }
    if (nowMs - entry.readAtMs > refreshAfterMs(entry) && this.feed.isFresh) {
      this.refresh.request(entry.secretId);
    }
    this.metrics.countHit();
    return entry;
  }

  /**
   * Facts from the database; null for an unknown id. While the database cannot be reached, those that are still remembered.
   * @throws UnavailableError when nothing can be said of the secret
   */
  async read(secretId: string): Promise<CachedSecret | null> {
    try {
      return this.inTime(await this.loader.load(secretId, this.places()));
    } catch (error) {
      if (!(error instanceof UnavailableError)) {
        throw error;
      }
      return this.remembered(secretId, error);
    }
  }

  /**
   * Facts as the database has them now: by a read that begins after this call.
   * @throws UnavailableError when the database cannot be asked
   */
  async readFresh(secretId: string): Promise<CachedSecret | null> {
    return this.inTime(await this.loader.loadFresh(secretId, this.places()));
  }

  /** Whether what was read of a key is still true for all that is known, also if the cache has had no room for it since. */
  isStillTrue(reading: Reading): boolean {
    return this.feed.isFresh && !this.changes.isStale(reading);
  }

  private places(): Places | undefined {
    return this.feed.isFresh ? undefined : WITHOUT_FEED;
  }

  /** Facts that were under way for longer than the bound are as good as none, if the feed cannot vouch for them. */
  private inTime(found: CachedSecret | null): CachedSecret | null {
    if (found !== null && this.ageMs(found, this.clock.monotonicMs()) > this.config.freshnessBoundMs) {
      throw new UnavailableError({ detail: 'the read took longer than what it brought may be used' });
    }
    return found;
  }

  /** What the cache knows, for who could not read it because the database cannot be reached. */
  private async remembered(secretId: string, reason: UnavailableError): Promise<CachedSecret> {
    const { outageGraceMs } = this.config;
    // Too many asked already. Whether they get through says whether the cache may be used; without a grace it may not.
    if (
      reason instanceof BusyError &&
      outageGraceMs > 0 &&
      this.cache.get(secretId) !== undefined &&
      this.outages.waiting < MOST_WAITING_FOR_OUTCOME
    ) {
      await this.outages.nextOutcome();
    }
    const entry = this.cache.get(secretId);
    if (entry !== undefined && this.mayBeUsed(entry, this.clock.monotonicMs())) {
      return entry;
    }
    throw reason;
  }

  /** How long ago the facts were last known to be true. */
  private ageMs({ readAtMs }: CachedSecret, nowMs: number): number {
    return nowMs - Math.max(this.feed.knownAtMs, readAtMs);
  }

  private mayBeUsed(entry: CachedSecret, nowMs: number): boolean {
    const { freshnessBoundMs, outageGraceMs } = this.config;
    const ageMs = this.ageMs(entry, nowMs);
    if (ageMs <= freshnessBoundMs) {
      return true;
    }
    if (ageMs > freshnessBoundMs + outageGraceMs || !this.outages.isOutageSince(this.feed.knownAtMs)) {
      return false;
    }
    this.probe(entry.secretId, nowMs);
    return true;
  }

  /** Asks, in nobody's way, whether the database is back. */
  private probe(secretId: string, nowMs: number): void {
    if (nowMs - this.probedAtMs >= PROBE_INTERVAL_MS) {
      this.probedAtMs = nowMs;
      this.loader.load(secretId, WITHOUT_FEED).catch(() => undefined);
    }
  }
}

/**
 * After half the time to all of it. Keys that were read together, as after a start, would else be read anew together, while everybody waits;
 * the first byte of a digest is as good as drawn by lot.
 */
function refreshAfterMs({ digest }: CachedSecret): number {
  return (LATEST_REFRESH_MS / 2) * (1 + (digest?.charCodeAt(0) ?? 0) / 255);
}
