import type { NestExpressApplication } from '@nestjs/platform-express';
import { CONFIG, type Config } from '../config/config.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import { handleParseErrors } from './parse-error.handler.js';
import { requestMiddleware } from './request.middleware.js';
import type { PublicHttpAdapter } from './public-http.adapter.js';
import { reportConnections } from './report-connections.js';

/**
 * Puts the public edge around an application, before `init()`. The application is made with `new PublicHttpAdapter()` and
 * `bodyParser: false`, and binds for all routes, in this order: `EnvelopeInterceptor` first and `JsonBodyInterceptor` last of the
 * interceptors, `RequestValidationPipe`, `EnvelopeExceptionFilter`. It provides `CONFIG`, `LOGGER` and
 * `HttpMetrics`.
 */
export function setUpPublicListener(app: NestExpressApplication): void {
  const logger = app.get<StructuredLogger>(LOGGER);
  const { env } = app.get<Config>(CONFIG);
  const metrics = app.get(HttpMetrics);
  app.use(requestMiddleware(logger, env, metrics));
  reportConnections((app.getHttpAdapter() as unknown as PublicHttpAdapter).listener, 'public', metrics);
  handleParseErrors(app.getHttpServer(), logger, env);
}
