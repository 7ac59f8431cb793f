import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { serveDocs } from './swagger.js';
import { AppModule } from './app.module.js';
import { parseForwardedAddress } from '../common/net/forwarded-address.js';
import type { IpNetwork } from '../common/net/ip-network.js';
import type { Config } from '../config/config.js';
import { setUpPublicListener } from '../http/request.middleware.js';
import { PublicExpressAdapter } from '../http/server/express.adapter.js';
import type { ListenerLimits } from '../http/server/http-server.js';
import type { LoggingOptions } from '../logging/logging.module.js';
import { NestLogger } from '../logging/nest-logger.js';

/** Options that a test may set in addition to the configuration. */
export interface AppOptions extends LoggingOptions {
  readonly server?: Partial<ListenerLimits>;
}

/**
 * Creates the application, the same for the product and for tests. It neither connects nor listens.
 */
export async function createApp(config: Config, options: AppOptions = {}): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, options),
    new PublicExpressAdapter(config.env, { maxConnections: config.maxConnections, ...options.server }),
    { bodyParser: false, bufferLogs: true, abortOnError: false },
  );
  app.useLogger(app.get(NestLogger));
  // Flushed now, so that messages about the wait for the database are visible.
  app.flushLogs();
  app.set('trust proxy', (address: string) => isTrusted(address, config.trustedProxies));
  setUpPublicListener(app);
  serveDocs(app, config);
  return app;
}

/**
 * Whether Express may trust the X-Forwarded-For of this peer. Called for each hop, from the right.
 */
function isTrusted(peer: string, proxies: readonly IpNetwork[]): boolean {
  const address = parseForwardedAddress(peer);
  return address !== null && proxies.some((proxy) => proxy.contains(address));
}
