import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';

/** The process's two doors to the network. */
export type ListenerName = 'public' | 'internal';

/** The answers of both listeners, by status. */
@Injectable()
export class HttpMetrics {
  private readonly answers: Counter<'listener' | 'status'>;

  constructor(registry: Registry) {
    this.answers = new Counter({
      name: 'latchkey_http_answers_total',
      help: 'Answers, by listener and HTTP status; the status is 0 for a request that got none.',
      labelNames: ['listener', 'status'],
      registers: [registry],
    });
  }

  /** @param status null when the client was gone before the answer began */
  count(listener: ListenerName, status: number | null): void {
    this.answers.inc({ listener, status: status ?? 0 });
  }
}
