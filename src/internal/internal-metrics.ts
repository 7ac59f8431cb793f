import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { TalliedCounter } from '../metrics/tallied-counter.js';

/** Who asks at which door. The names of callers are those of `INTERNAL_TOKENS`, so there are not many. */
@Injectable()
export class InternalMetrics {
  private readonly calls: TalliedCounter<readonly ['door', 'caller', 'status']>;

  constructor(registry: Registry) {
    this.calls = new TalliedCounter(registry, {
      name: 'latchkey_internal_calls_total',
      help: 'Requests at the internal doors, by door, caller (the name of its token) and HTTP status.',
      labelNames: ['door', 'caller', 'status'],
    });
  }

  /** @param caller null when it showed no token, or none that is known */
  count(door: string, caller: string | null, status: number): void {
    this.calls.count(door, caller ?? '', status);
  }
}
