import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is measured of verification, in Prometheus' terms. Labels are bounded: no ids. */
@Injectable()
export class VerificationMetrics {
  readonly registry = new Registry();
  private readonly lag = new Histogram({
    name: 'latchkey_revocation_lag_seconds',
    help: "From a change's mark to this instance hearing of it, by the database's clock.",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 10],
    registers: [this.registry],
  });
  private hits = 0;
  private misses = 0;

  constructor() {
    // Folded in when somebody looks: a verification itself must not pay for labels.
    const takeLookups = () => {
      const lookups = { hit: this.hits, miss: this.misses };
      this.hits = 0;
      this.misses = 0;
      return lookups;
    };
    new Counter({
      name: 'latchkey_facts_lookups_total',
      help: 'Verifications that found the facts in the cache (hit) or had to wait for the database (miss).',
      labelNames: ['outcome'] as const,
      registers: [this.registry],
      collect() {
        const { hit, miss } = takeLookups();
        this.inc({ outcome: 'hit' }, hit);
        this.inc({ outcome: 'miss' }, miss);
      },
    });
  }

  /** Exposes a feed's age. */
  watchFeed(ageMs: () => number): void {
    new Gauge({
      name: 'latchkey_feed_age_seconds',
      help: "How old this instance's knowledge of all changes is.",
      registers: [this.registry],
      collect() {
        this.set(ageMs() / 1_000);
      },
    });
  }

  /** Exposes the size of a cache. */
  watchCache(size: () => number): void {
    new Gauge({
      name: 'latchkey_facts_cached',
      help: 'Secrets whose facts are in the cache.',
      registers: [this.registry],
      collect() {
        this.set(size());
      },
    });
  }

  observeLag(ms: number): void {
    this.lag.observe(ms / 1_000);
  }

  countHit(): void {
    this.hits++;
  }

  countMiss(): void {
    this.misses++;
  }
}
