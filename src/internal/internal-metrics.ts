import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { TalliedCounter } from '../metrics/tallied-counter.js';

/** Who asks at which endpoint. The names of callers are those of `INTERNAL_TOKENS`, so there are not many. */
@Injectable()
export class InternalMetrics {
  private readonly calls: TalliedCounter<readonly ['endpoint', 'caller', 'status']>;

  constructor(registry: Registry) {
    this.calls = new TalliedCounter(registry, {
      name: 'latchkey_internal_calls_total',
      help: 'Requests at the internal endpoints, by endpoint, caller (the name of its token) and HTTP status.',
      labelNames: ['endpoint', 'caller', 'status'],
    });
  }

  /** @param caller null when it showed no token, or none that is known */
  count(endpoint: string, caller: string | null, status: number): void {
    this.calls.count(endpoint, caller ?? '', status);
  }
}
