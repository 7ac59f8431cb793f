import type { ApiEnvironment } from '../common/api-environment.js';
import { giveIdentity } from '../contract/request-identity.js';
import type { StructuredLogger } from '../logging/logger.js';
import type { HttpMetrics } from '../metrics/http-metrics.js';
import { Connection } from './pipelined-connection.js';
import type { HttpMiddleware } from './http-request.js';
import { isOfDocs } from './other-standards.js';
import { findFailedPrecondition } from './http-preconditions.js';
import { logRequest } from './access-log.js';

/**
 * The first thing that happens to a request: it gets its ids (ours, whatever the client sends), the headers of every answer and
 * its one line in the log; then it is refused if HTTP itself says so.
 */
export function requestMiddleware(logger: StructuredLogger, env: ApiEnvironment, metrics: HttpMetrics): HttpMiddleware {
  return (request, response, next) => {
    const { requestId } = giveIdentity(request, env);
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!isOfDocs(request.path)) {
      response.setHeader('Cache-Control', 'no-store');
      // Nothing may be stored, so a client has nothing to compare with; Express would answer `*` with 304 and no envelope.
      delete request.headers['if-none-match'];
    }
    const connection = Connection.of(request.socket);
    connection.begin(request, response, (exchange) => {
      logRequest(logger, exchange);
      metrics.count('public', response.headersSent ? response.statusCode : null);
    });
    connection.inTurn(response, () => {
      next(findFailedPrecondition(request));
    });
  };
}
