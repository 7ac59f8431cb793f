import { Logger } from '@nestjs/common';
import type { HttpMetrics, ListenerName } from '../../metrics/http-metrics.js';
import type { HttpServer } from './http-server.js';

const LOG_INTERVAL_MS = 60_000;

/**
 * Counts the connections that a listener refuses or closes. Refusals are logged at most once a
 * minute.
 */
export function reportConnections(server: HttpServer, name: ListenerName, metrics: HttpMetrics): void {
  const logger = new Logger('Connections');
  let loggedAtMs = -Infinity;
  let unlogged = 0;
  server.whenRefused = () => {
    metrics.countConnectionEnd(name, 'refused');
    unlogged++;
    if (performance.now() - loggedAtMs >= LOG_INTERVAL_MS) {
      logger.warn(
        `the ${name} listener has MAX_CONNECTIONS (${server.maxConnections}) open: ${unlogged} more were refused since this was last logged`,
      );
      loggedAtMs = performance.now();
      unlogged = 0;
    }
  };
  server.whenStalled = () => {
    metrics.countConnectionEnd(name, 'stalled');
  };
}
