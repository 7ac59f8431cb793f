import type { IncomingMessage } from 'node:http';
import { ERROR_MESSAGES } from '../contract/error-messages.js';
import { headerValues } from '../common/raw-headers.js';
import { acceptsJson } from './accept.js';
import type { HttpRequest } from './http-request.js';
import { isOfDocs, isOfHealth } from './other-standards.js';
import { ProtocolError } from './protocol-error.js';
import { findRefusal } from './refusal.js';

/** What is wrong with a request whatever it asks for; undefined when nothing is. */
export function findFailedPrecondition(request: HttpRequest): ProtocolError | undefined {
  return findRefusal(request) ?? findHostFailure(request) ?? findAcceptFailure(request);
}

/** RFC 9112, section 3.2: HTTP/1.1 has exactly one Host header. */
export function findHostFailure(request: IncomingMessage): ProtocolError | undefined {
  const hosts = headerValues(request.rawHeaders, 'host').length;
  if (hosts === 1 || (hosts === 0 && request.httpVersion !== '1.1')) {
    return undefined;
  }
  return new ProtocolError(400, 'BAD_HOST', 'A request in HTTP/1.1 must have exactly one Host header.', {
    Connection: 'close',
  });
}

function findAcceptFailure(request: HttpRequest): ProtocolError | undefined {
  const { accept } = request.headers;
  // What nearly everybody sends needs no negotiation.
  if (accept === undefined || accept === '*/*' || accept === 'application/json' || acceptsJson(accept)) {
    return undefined;
  }
  if (isOfDocs(request.path) || isOfHealth(request.path)) {
    return undefined;
  }
  return new ProtocolError(406, 'NOT_ACCEPTABLE', ERROR_MESSAGES.notAcceptable);
}
