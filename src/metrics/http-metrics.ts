import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';

/** The process's two endpoints to the network. */
export type ListenerName = 'public' | 'internal';

/** The answers of both listeners by status, and the connections that they ended. */
@Injectable()
export class HttpMetrics {
  private readonly answers: TalliedCounter<readonly ['listener', 'status']>;
  private readonly connectionEnds: TalliedCounter<readonly ['listener', 'reason']>;

  constructor(registry: Registry) {
    this.answers = new TalliedCounter(registry, {
      name: 'latchkey_http_answers_total',
      help: 'Answers, by listener and HTTP status; the status is 0 for a request that got none.',
      labelNames: ['listener', 'status'],
    });
    this.connectionEnds = new TalliedCounter(registry, {
      name: 'latchkey_connections_ended_total',
      help: 'Connections that were refused because MAX_CONNECTIONS were open (refused), or ended because the client did not read its answer (stalled).',
      labelNames: ['listener', 'reason'],
    });
    for (const listener of ['public', 'internal'] as const) {
      this.connectionEnds.announce(listener, 'refused');
      this.connectionEnds.announce(listener, 'stalled');
    }
  }

  /** @param status null when the client was gone before the answer began */
  count(listener: ListenerName, status: number | null): void {
    this.answers.count(listener, status ?? 0);
  }

  /** Counts a connection that the listener refused, or ended by itself. */
  countConnectionEnd(listener: ListenerName, reason: 'refused' | 'stalled'): void {
    this.connectionEnds.count(listener, reason);
  }
}
