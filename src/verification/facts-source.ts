import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { CONFIG, type Config } from '../config/config.js';
import { ChangeFeed } from './change-feed.js';
import { FactsCache } from './facts-cache.js';
import { BusyError, FactsLoader } from './facts-loader.js';
import type { StoredSecret } from './stored-secret.js';
import { VerificationMetrics } from './verification-metrics.js';

/** Without the feed every verification is a read: no more than this many at once, whoever asks. */
const MOST_READS_WITHOUT_FEED = 8;
const PROBE_INTERVAL_MS = 250;

/**
 * Where facts come from: the cache while it can be shown to be fresh, the database otherwise. An instance that is cut off from
 * the database altogether goes on with what it knew, until the grace is over.
 */
@Injectable()
export class FactsSource {
  private isCutOff = false;
  private probedAtMs = -Infinity;

  constructor(
    private readonly cache: FactsCache,
    private readonly loader: FactsLoader,
    private readonly feed: ChangeFeed,
    private readonly metrics: VerificationMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'freshnessBoundMs'>,
  ) {
    metrics.watchCache(() => cache.size);
  }

  /** Facts that may be used as they are; undefined when the database must be asked. */
  findWarm(secretId: string): StoredSecret | undefined {
    const entry = this.cache.get(secretId);
    if (entry === undefined || !this.mayBeUsed(entry)) {
      this.metrics.countMiss();
      return undefined;
    }
    this.metrics.countHit();
    return entry;
  }

  /**
   * Facts from the database; null for an unknown id.
   * @throws UnavailableError when nothing can be said of the secret
   */
  async read(secretId: string): Promise<StoredSecret | null> {
    try {
      const found = await this.loader.load(secretId, this.feed.isFresh ? undefined : MOST_READS_WITHOUT_FEED);
      this.isCutOff = false;
      return found;
    } catch (error) {
      if (!(error instanceof UnavailableError) || error instanceof BusyError) {
        throw error;
      }
      this.isCutOff = true;
      const entry = this.cache.get(secretId);
      if (entry !== undefined && this.feed.isWithinGrace) {
        return entry;
      }
      throw error;
    }
  }

  /** Drops what is known of a secret, so that it is read again. */
  forget(secretId: string): void {
    this.cache.delete(secretId);
  }

  private mayBeUsed(entry: StoredSecret): boolean {
    if (this.feed.isFresh || this.clock.monotonicMs() - entry.readAtMs <= this.config.freshnessBoundMs) {
      return true;
    }
    if (!this.isCutOff || !this.feed.isWithinGrace) {
      return false;
    }
    this.probe(entry.secretId);
    return true;
  }

  /** Asks, in nobody's way, whether the database is back. */
  private probe(secretId: string): void {
    const now = this.clock.monotonicMs();
    if (now - this.probedAtMs >= PROBE_INTERVAL_MS) {
      this.probedAtMs = now;
      this.read(secretId).catch(() => undefined);
    }
  }
}
