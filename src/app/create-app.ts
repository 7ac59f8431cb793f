import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { serveDocs } from './swagger.js';
import { AppModule } from './app.module.js';
import { parseForwardedAddress } from '../common/net/forwarded-address.js';
import type { IpNetwork } from '../common/net/ip-network.js';
import type { Config } from '../config/config.js';
import { setUpPublicListener } from '../http/public-listener.js';
import type { ListenerLimits } from '../http/listener.js';
import { PublicHttpAdapter } from '../http/public-http.adapter.js';
import type { LoggingOptions } from '../logging/logging.module.js';
import { NestLogger } from '../logging/nest-logger.js';

/** What a test may set beside the configuration. */
export interface AppOptions extends LoggingOptions {
  readonly server?: Partial<ListenerLimits>;
}

/** The application with everything on it, not yet connected, not yet listening: the same for `main` and for the tests. */
export async function createApp(config: Config, options: AppOptions = {}): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, options),
    new PublicHttpAdapter({ maxConnections: config.maxConnections, ...options.server }),
    { bodyParser: false, bufferLogs: true, abortOnError: false },
  );
  app.useLogger(app.get(NestLogger));
  // Now, not once it listens: whoever waits for the database wants to know.
  app.flushLogs();
  app.set('trust proxy', (address: string) => isTrusted(address, config.trustedProxies));
  setUpPublicListener(app);
  serveDocs(app, config);
  return app;
}

/** Whether Express may believe the X-Forwarded-For that this peer sends; asked again for each hop, from the right. */
function isTrusted(peer: string, proxies: readonly IpNetwork[]): boolean {
  const address = parseForwardedAddress(peer);
  return address !== null && proxies.some((proxy) => proxy.contains(address));
}
