import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';

/** The two listeners of the process. */
export type ListenerName = 'public' | 'internal';

/**
 * Requests of both listeners, and the connections that they closed. No label depends on what
 * clients send.
 */
@Injectable()
export class HttpMetrics {
  private readonly requests: TalliedCounter<readonly ['listener', 'endpoint', 'client', 'status']>;
  private readonly connectionEnds: TalliedCounter<readonly ['listener', 'reason']>;

  constructor(registry: Registry) {
    this.requests = new TalliedCounter(registry, {
      name: 'latchkey_http_requests_total',
      help: 'Requests by listener, endpoint, client (the name of its service token) and HTTP status; the status is 0 if the client was gone before the response began.',
      labelNames: ['listener', 'endpoint', 'client', 'status'],
    });
    this.connectionEnds = new TalliedCounter(registry, {
      name: 'latchkey_connections_ended_total',
      help: 'Connections that were refused because MAX_CONNECTIONS were open (refused), or closed because the client did not read its response (stalled).',
      labelNames: ['listener', 'reason'],
    });
    for (const listener of ['public', 'internal'] as const) {
      this.connectionEnds.announce(listener, 'refused');
      this.connectionEnds.announce(listener, 'stalled');
    }
  }

  /**
   * @param endpoint the template of the route (public) or the endpoint's name (internal); null if
   * none matched
   * @param client null without a known service token
   * @param status null if the client was gone before the response began
   */
  count(listener: ListenerName, endpoint: string | null, client: string | null, status: number | null): void {
    this.requests.count(listener, endpoint ?? '', client ?? '', status ?? 0);
  }

  /** Counts a connection that the listener refused or closed. */
  countConnectionEnd(listener: ListenerName, reason: 'refused' | 'stalled'): void {
    this.connectionEnds.count(listener, reason);
  }
}
