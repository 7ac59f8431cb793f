import type { NestExpressApplication } from '@nestjs/platform-express';
import { requestContext } from '../common/request-context.js';
import { CONFIG, type Config } from '../config/config.js';
import { ERROR_MESSAGES } from '../contract/error-messages.js';
import { DOCS_PATH, HEALTH_PATH, isUnder } from '../contract/non-api-paths.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import { AccessLog } from './access-log.js';
import { ProtocolError, sendFailure, type Failure } from './error-response.js';
import { acceptsJson } from './http-headers.js';
import type { HttpMiddleware, HttpRequest, HttpResponse } from './http-request.js';
import type { PublicExpressAdapter } from './server/express.adapter.js';
import { handleParseErrors } from './server/parse-error.handler.js';
import { PipelinedConnection, type InFlightRequest } from './server/pipelining.js';
import { reportConnections } from './server/report-connections.js';

/**
 * Puts the public edge around an application, before `init()`. The application is created with a
 * `PublicExpressAdapter` and `bodyParser: false`. It binds for all routes `EnvelopeInterceptor` as
 * the first and `JsonBodyInterceptor` as the last interceptor, `RequestValidationPipe` and
 * `EnvelopeExceptionFilter`, and provides `CONFIG`, `LOGGER` and `HttpMetrics`.
 */
export function setUpPublicListener(app: NestExpressApplication): void {
  const metrics = app.get(HttpMetrics);
  const accessLog = new AccessLog('public', app.get<StructuredLogger>(LOGGER), metrics);
  app.use(requestMiddleware(accessLog));
  reportConnections((app.getHttpAdapter() as unknown as PublicExpressAdapter).listener, 'public', metrics);
  handleParseErrors(app.getHttpServer(), app.get<Config>(CONFIG).env, accessLog);
}

/**
 * Runs first: sets the headers that every response has, and calls the application when it is the
 * request's turn, with the violation of HTTP if there is one.
 */
function requestMiddleware(accessLog: AccessLog): HttpMiddleware {
  return (request, response, next) => {
    const { requestId } = requestContext(request);
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!isUnder(request.path, DOCS_PATH)) {
      response.setHeader('Cache-Control', 'no-store');
      // Clients store nothing that they could compare. Express would answer `*` with a 304 without
      // envelope.
      delete request.headers['if-none-match'];
    }
    PipelinedConnection.of(request.socket).receive(new PublicRequest(request, response, next, accessLog));
  };
}

/** A request of the public listener, from its arrival to its line in the access log. */
class PublicRequest implements InFlightRequest {
  constructor(
    readonly request: HttpRequest,
    readonly response: HttpResponse,
    private readonly next: (failure?: unknown) => void,
    private readonly accessLog: AccessLog,
  ) {}

  serve(): void {
    this.next(findFailedPrecondition(this.request));
  }

  fail(failure: Failure): void {
    sendFailure(requestContext(this.request), this.response, failure);
  }

  settled(): void {
    const context = requestContext(this.request);
    const template = this.request.route?.path;
    if (typeof template === 'string') {
      context.endpoint = template;
      context.isQuiet = isUnder(template, HEALTH_PATH);
    }
    this.accessLog.recordResponse(context, this.response);
  }
}

/** What makes a request invalid whatever it asks for; undefined if nothing does. */
function findFailedPrecondition(request: HttpRequest): Error | undefined {
  return requestContext(request).refusal ?? findAcceptFailure(request);
}

function findAcceptFailure(request: HttpRequest): ProtocolError | undefined {
  const { accept } = request.headers;
  // The values that most clients send need no parsing.
  if (accept === undefined || accept === '*/*' || accept === 'application/json' || acceptsJson(accept)) {
    return undefined;
  }
  if (isUnder(request.path, DOCS_PATH) || isUnder(request.path, HEALTH_PATH)) {
    return undefined;
  }
  return new ProtocolError(406, 'NOT_ACCEPTABLE', ERROR_MESSAGES.notAcceptable);
}
