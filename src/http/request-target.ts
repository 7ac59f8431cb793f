import type { IncomingMessage } from 'node:http';
import { ProtocolError } from './protocol-error.js';
import { setRefusal } from './refusal.js';

/** Neither a fragment nor anything unprintable: for these Express turns to a parser that can fail, and then answers nothing. */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;
/**
 * What only a path has that may be spelled in another way: a percent sign, or a segment that begins
 * with a dot.
 */
const MAY_BE_RESPELLED = /%|\/\./;
const SCHEME_AND_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const ESCAPE = /%[0-9a-f]{2}/gi;
const MALFORMED_ESCAPE = /%(?![0-9a-f]{2})/i;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Gives the request its target in the one form that the router, guards and log see: in origin form
 * (RFC 9112, section 3.2), so that `GET http://any.host/path` is `GET /path`, and with its path
 * normalized (RFC 3986, section 6.2.2), so that `/x/../%61pi%5fkeys` is `/api_keys`. The query
 * stays as it is. Nothing reserved is decoded: `%2F` is no separator. A path with a malformed
 * escape is not decoded at all. A target that is no address is noted as a refusal, and the router
 * never sees it.
 * @param opaqueBelow where the path of somebody else begins, which must not lead out of there: dot
 * segments stay
 */
export function normalizeTarget(request: IncomingMessage, opaqueBelow?: string): void {
  const { url = '' } = request;
  if (ORIGIN_FORM.test(url) && !MAY_BE_RESPELLED.test(url)) {
    return;
  }
  const target = originFormOf(url);
  if (ORIGIN_FORM.test(target)) {
    request.url = normalized(target, opaqueBelow);
    return;
  }
  request.url = '/';
  if (url !== '*') {
    setRefusal(request, new ProtocolError(400, 'BAD_TARGET', 'The target of the request is not a valid address.'));
  }
}

/** Not the path of a `URL`, in which backslashes are slashes. */
function originFormOf(url: string): string {
  if (url.startsWith('/') || url.includes('#') || !SCHEME_AND_AUTHORITY.test(url) || !URL.canParse(url)) {
    return url;
  }
  const rest = url.replace(SCHEME_AND_AUTHORITY, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function normalized(target: string, opaqueBelow: string | undefined): string {
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  const decoded = MALFORMED_ESCAPE.test(path) ? path : path.replace(ESCAPE, decodeUnreserved);
  const isOpaque = opaqueBelow !== undefined && decoded.startsWith(opaqueBelow);
  return (isOpaque ? decoded : withoutDotSegments(decoded)) + target.slice(path.length);
}

/** RFC 3986, sections 6.2.2.1 and 6.2.2.2. */
function decodeUnreserved(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}

/** RFC 3986, section 5.2.4. */
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') {
      kept.pop();
    } else if (segment !== '.') {
      kept.push(segment);
    }
  }
  const isFolder = segments.at(-1) === '.' || segments.at(-1) === '..';
  return `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}`;
}
