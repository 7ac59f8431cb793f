import { findCaller } from '../common/access/current-caller.js';
import { requestIdentity } from '../contract/request-identity.js';
import type { StructuredLogger } from '../logging/logger.js';
import type { HttpRequest } from './http-request.js';
import type { InFlightRequest } from './in-flight-request.js';
import { findFailureNote } from './failure-note.js';
import { isOfHealth } from './other-standards.js';

/** Writes the one line of an exchange. The route's template stands for the path: a path may hold whatever a client put there. */
export function logRequest(logger: StructuredLogger, exchange: InFlightRequest): void {
  const { request, response } = exchange;
  const route = routeTemplate(exchange);
  const level = route !== null && isOfHealth(route) ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) {
    return;
  }
  const { requestId, supportId } = requestIdentity(request);
  const caller = findCaller(request);
  const failure = findFailureNote(request);
  logger.plain(
    level,
    {
      request_id: requestId,
      support_id: supportId,
      method: request.method,
      route,
      status: response.headersSent ? response.statusCode : null,
      duration_ms: Math.round((performance.now() - exchange.startedMs) * 100) / 100,
      key_id: caller?.kind === 'key' ? caller.keyId : null,
      organization_id: caller?.organizationId ?? null,
      remote_address: exchange.remoteAddress ?? null,
      aborted: !response.writableFinished,
      error_code: failure?.code,
      detail: failure?.detail,
    },
    'request',
  );
}

function routeTemplate({ request }: InFlightRequest): string | null {
  const path = (request as HttpRequest).route?.path;
  return typeof path === 'string' ? path : null;
}
