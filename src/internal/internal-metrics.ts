import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';

/** Who asks at which door. The names of callers are those of `INTERNAL_TOKENS`, so there are not many. */
@Injectable()
export class InternalMetrics {
  private readonly calls: Counter<'door' | 'caller' | 'status'>;

  constructor(registry: Registry) {
    this.calls = new Counter({
      name: 'latchkey_internal_calls_total',
      help: 'Requests at the internal doors, by door, caller (the name of its token) and HTTP status.',
      labelNames: ['door', 'caller', 'status'],
      registers: [registry],
    });
  }

  /** @param caller null when it showed no token, or none that is known */
  count(door: string, caller: string | null, status: number): void {
    this.calls.inc({ door, caller: caller ?? '', status });
  }
}
