import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { TalliedCounter } from '../metrics/tallied-counter.js';
import { TalliedHistogram } from '../metrics/tallied-histogram.js';
import type { Verdict } from '../decision/verdict.js';

/** The outcome of a verification: a verdict, or none because the database did not answer. */
export type VerificationOutcome = Verdict['code'] | 'UNAVAILABLE';

/** The metrics of verification. No label holds an id, so the number of series is bounded. */
@Injectable()
export class VerificationMetrics {
  private readonly verdicts: TalliedCounter<readonly ['endpoint', 'code']>;
  private readonly lookups: TalliedCounter<readonly ['outcome']>;
  private readonly durations: TalliedHistogram;
  private readonly loads: Counter<'outcome'>;
  private readonly lag: Histogram;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    this.verdicts = new TalliedCounter(registry, {
      name: 'latchkey_verifications_total',
      help: 'Verifications by endpoint and code. UNAVAILABLE: the database did not answer.',
      labelNames: ['endpoint', 'code'],
    });
    this.lookups = new TalliedCounter(registry, {
      name: 'latchkey_cache_lookups_total',
      help: 'Verifications that found the key in the cache (hit) or waited for the database (miss).',
      labelNames: ['outcome'],
    });
    this.lookups.announce('hit');
    this.lookups.announce('miss');
    this.durations = new TalliedHistogram(registry, {
      name: 'latchkey_verification_duration_seconds',
      help: 'The duration of a verification, by endpoint.',
      labelName: 'endpoint',
      bounds: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5],
    });
    this.loads = new Counter({
      name: 'latchkey_cache_loads_total',
      help: 'Secret ids read from the database: found, unknown, or failed.',
      labelNames: ['outcome'],
      registers,
    });
    this.lag = new Histogram({
      name: 'latchkey_revocation_lag_seconds',
      help: "From the writing of a change-log entry to its receipt by this instance, by the database's clock.",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 10],
      registers,
    });
  }

  /** Exposes a feed's age. */
  watchFeed(ageMs: () => number): void {
    new Gauge({
      name: 'latchkey_change_feed_age_seconds',
      help: 'The time since the last successful poll of the change log.',
      registers: [this.registry],
      collect() {
        this.set(ageMs() / 1_000);
      },
    });
  }

  /** Exposes the size of a cache. */
  watchCache(cache: { readonly size: number; readonly bytes: number }): void {
    const expose = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          this.set(value());
        },
      });
    expose('latchkey_cache_entries', 'Secrets in the cache.', () => cache.size);
    expose('latchkey_cache_bytes', 'The estimated size of the cache in bytes.', () => cache.bytes);
  }

  /** @param tookMs the duration of the verification */
  observeVerdict(endpoint: string, code: VerificationOutcome, tookMs: number): void {
    this.verdicts.count(endpoint, code);
    this.durations.observe(endpoint, tookMs / 1_000);
  }

  observeLag(ms: number): void {
    this.lag.observe(ms / 1_000);
  }

  countLoads(outcome: 'found' | 'unknown' | 'failed', count: number): void {
    this.loads.inc({ outcome }, count);
  }

  countHit(): void {
    this.lookups.count('hit');
  }

  countMiss(): void {
    this.lookups.count('miss');
  }
}
