import type { IncomingMessage } from 'node:http';
import { ProtocolError } from './protocol-error.js';
import { setRefusal } from './refusal.js';

/**
 * Gives the request its target in origin form (RFC 9112, section 3.2): `GET http://any.host/path` is `GET /path`. A target that is
 * no URL is noted as a refusal, and never seen by the router, which has no answer to it.
 */
export function toOriginForm(request: IncomingMessage): void {
  const { url = '' } = request;
  if (url.startsWith('/')) {
    return;
  }
  if (!URL.canParse(url)) {
    request.url = '/';
    if (url !== '*') {
      setRefusal(request, new ProtocolError(400, 'BAD_TARGET', 'The target of the request is not a valid address.'));
    }
    return;
  }
  const { pathname, search } = new URL(url);
  request.url = pathname + search;
}
