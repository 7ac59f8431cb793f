import { Logger } from '@nestjs/common';
import type { HttpMetrics, ListenerName } from '../metrics/http-metrics.js';
import type { Listener } from './listener.js';

const PAUSE_MS = 60_000;

/**
 * Counts the connections that a listener refuses, or ends by itself; of refusals the log speaks at
 * most once a minute.
 */
export function reportConnections(listener: Listener, name: ListenerName, metrics: HttpMetrics): void {
  const logger = new Logger('Connections');
  let saidAtMs = -Infinity;
  let unsaid = 0;
  listener.whenRefused = () => {
    metrics.countConnectionEnd(name, 'refused');
    unsaid++;
    if (performance.now() - saidAtMs >= PAUSE_MS) {
      logger.warn(
        `MAX_CONNECTIONS (${listener.maxConnections}) are open on the ${name} listener: ${unsaid} more were refused since this was last logged`,
      );
      saidAtMs = performance.now();
      unsaid = 0;
    }
  };
  listener.whenStalled = () => {
    metrics.countConnectionEnd(name, 'stalled');
  };
}
