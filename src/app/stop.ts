import { setTimeout as sleep } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CONFIG, type Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Readiness } from '../health/readiness.js';
import type { PublicHttpAdapter } from '../http/public-http.adapter.js';
import { InternalListener } from '../internal/internal-listener.js';

/**
 * Stops in order: not ready any more, still accepting for a while (load balancers need to hear of it), then no new connections,
 * the requests under way, the last counts, the database.
 */
export async function stop(app: NestExpressApplication): Promise<void> {
  const { shutdownDelayMs } = app.get<Config>(CONFIG);
  const readiness = app.get(Readiness);
  const wasReady = readiness.phase === 'ready';
  readiness.phase = 'draining';
  const listeners = [(app.getHttpAdapter() as unknown as PublicHttpAdapter).listener, app.get(InternalListener)];
  for (const listener of listeners) {
    listener.askClientsToLeave();
  }
  await sleep(wasReady ? shutdownDelayMs : 0);
  try {
    // Both, before the hooks of the shutdown: whatever is verified until then is counted.
    await Promise.all(listeners.map((listener) => listener.close()));
    await app.close();
  } finally {
    await app.get(Database).close();
  }
}
