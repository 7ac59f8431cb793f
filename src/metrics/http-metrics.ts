import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';

/** The process's two doors to the network. */
export type ListenerName = 'public' | 'internal';

/** The answers of both listeners, by status. */
@Injectable()
export class HttpMetrics {
  private readonly answers: TalliedCounter<readonly ['listener', 'status']>;

  constructor(registry: Registry) {
    this.answers = new TalliedCounter(registry, {
      name: 'latchkey_http_answers_total',
      help: 'Answers, by listener and HTTP status; the status is 0 for a request that got none.',
      labelNames: ['listener', 'status'],
    });
  }

  /** @param status null when the client was gone before the answer began */
  count(listener: ListenerName, status: number | null): void {
    this.answers.count(listener, status ?? 0);
  }
}
