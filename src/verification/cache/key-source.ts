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

/** Without the feed every verification is a read, so at most eight run at the same time. */
const WITHOUT_FEED: Places = { cached: 5, unknown: 3 };
const PROBE_INTERVAL_MS = 250;
/**
 * The age at which a used entry has been read again. It bounds the age of what the change log
 * leaves out (a label changed by another instance), and limits the effect of a missing entry.
 */
const LATEST_REFRESH_MS = 60_000;
const MAX_WAITING_FOR_OUTCOME = 2_000;

/**
 * Finds key snapshots: in the cache while the change feed proves it fresh, otherwise in the
 * database. An instance that is cut off from the database uses its cache for `OUTAGE_GRACE_MS`.
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

  /** A snapshot that may be used as it is. Undefined when the database must be asked. */
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
   * A snapshot from the database, or from the cache during an outage. Null for an unknown id.
   * @throws UnavailableError when neither has one that may be used
   */
  async read(secretId: string): Promise<CachedSecret | null> {
    try {
      return this.inTime(await this.loader.load(secretId, this.places()));
    } catch (error) {
      if (!(error instanceof UnavailableError)) {
        throw error;
      }
      return this.fromCacheDuringOutage(secretId, error);
    }
  }

  /**
   * A snapshot by a read that begins after this call. Null for an unknown id.
   * @throws UnavailableError when the database does not answer
   */
  async readFresh(secretId: string): Promise<CachedSecret | null> {
    return this.inTime(await this.loader.loadFresh(secretId, this.places()));
  }

  /**
   * Whether no change since the read is known. Does not depend on the cache having kept the entry.
   */
  isStillTrue(reading: Reading): boolean {
    return this.feed.isFresh && !this.changes.isStale(reading);
  }

  private places(): Places | undefined {
    return this.feed.isFresh ? undefined : WITHOUT_FEED;
  }

  /** Rejects a snapshot whose read took longer than the bound, unless the feed proves it fresh. */
  private inTime(found: CachedSecret | null): CachedSecret | null {
    if (found !== null && this.ageMs(found, this.clock.monotonicMs()) > this.config.freshnessBoundMs) {
      throw new UnavailableError({ detail: 'the read took longer than its result may be used' });
    }
    return found;
  }

  /** The cached snapshot, if an outage is the reason that it cannot be read. */
  private async fromCacheDuringOutage(secretId: string, reason: UnavailableError): Promise<CachedSecret> {
    const { outageGraceMs } = this.config;
    // Too many reads are under way. Their outcome tells whether there is an outage.
    if (
      reason instanceof BusyError &&
      outageGraceMs > 0 &&
      this.cache.get(secretId) !== undefined &&
      this.outages.waiting < MAX_WAITING_FOR_OUTCOME
    ) {
      await this.outages.nextOutcome();
    }
    const entry = this.cache.get(secretId);
    if (entry !== undefined && this.mayBeUsed(entry, this.clock.monotonicMs())) {
      return entry;
    }
    throw reason;
  }

  /** Milliseconds since the snapshot was last known to be current. */
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

  /** Tests in the background whether the database answers again. */
  private probe(secretId: string, nowMs: number): void {
    if (nowMs - this.probedAtMs >= PROBE_INTERVAL_MS) {
      this.probedAtMs = nowMs;
      this.loader.load(secretId, WITHOUT_FEED).catch(() => undefined);
    }
  }
}

/**
 * Spreads revalidation over 30 to 60 s, so that keys loaded together, as after a start, are not
 * revalidated together. The first byte of the digest is the jitter.
 */
function refreshAfterMs({ digest }: CachedSecret): number {
  return (LATEST_REFRESH_MS / 2) * (1 + (digest?.charCodeAt(0) ?? 0) / 255);
}
