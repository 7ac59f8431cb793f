import type { IncomingMessage } from 'node:http';
import { ProtocolError } from './protocol-error.js';
import { setRefusal } from './refusal.js';

/** Neither a fragment nor anything unprintable: for these Express turns to a parser that can fail, and then answers nothing. */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;

/**
 * Gives the request its target in origin form (RFC 9112, section 3.2): `GET http://any.host/path` is `GET /path`. A target that is
 * no address is noted as a refusal, and never seen by the router.
 */
export function toOriginForm(request: IncomingMessage): void {
  const { url = '' } = request;
  if (ORIGIN_FORM.test(url)) {
    return;
  }
  if (!url.startsWith('/') && !url.includes('#') && URL.canParse(url)) {
    const { pathname, search } = new URL(url);
    request.url = pathname + search;
  }
  if (!ORIGIN_FORM.test(request.url ?? '')) {
    request.url = '/';
    if (url !== '*') {
      setRefusal(request, new ProtocolError(400, 'BAD_TARGET', 'The target of the request is not a valid address.'));
    }
  }
}
