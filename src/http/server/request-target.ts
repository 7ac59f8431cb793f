import type { IncomingMessage } from 'node:http';
import { headerValues } from '../../common/raw-headers.js';
import { ProtocolError } from '../error-response.js';

/**
 * Printable, without a fragment. Express passes any other target to a parser that can throw, and
 * then sends no response.
 */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;
/** A path that may have another spelling: a percent sign, or a segment that begins with a dot. */
const MAY_BE_RESPELLED = /%|\/\./;
const SCHEME_AND_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const ESCAPE = /%[0-9a-f]{2}/gi;
const MALFORMED_ESCAPE = /%(?![0-9a-f]{2})/i;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Rewrites the target of a request to the one form that the router, the guards and the log see: in
 * origin form (RFC 9112, section 3.2), so that `GET http://any.host/path` is `GET /path`, and with
 * a normalized path (RFC 3986, section 6.2.2), so that `/x/../%61pi%5fkeys` is `/api_keys`. The
 * query is not changed. Nothing reserved is decoded: `%2F` is no separator. A path with a malformed
 * escape is not decoded at all. The router never sees a target that is not an address.
 * @param opaquePrefixes below these a path belongs to someone else's server; its dot segments stay,
 * because resolving them would lead to another route of ours
 * @returns why the request must be rejected, or null
 */
export function normalizeTarget(
  request: IncomingMessage,
  opaquePrefixes: readonly string[] = [],
): ProtocolError | null {
  const { url = '' } = request;
  if (ORIGIN_FORM.test(url) && !MAY_BE_RESPELLED.test(url)) {
    return null;
  }
  const target = originFormOf(url);
  if (ORIGIN_FORM.test(target)) {
    request.url = normalized(target, opaquePrefixes);
    return null;
  }
  request.url = '/';
  return url === '*' ? null : new ProtocolError(400, 'BAD_TARGET', 'The request target is not a valid URL.');
}

/** Does not use the path of a `URL`, which turns backslashes into slashes. */
function originFormOf(url: string): string {
  if (url.startsWith('/') || url.includes('#') || !SCHEME_AND_AUTHORITY.test(url) || !URL.canParse(url)) {
    return url;
  }
  const rest = url.replace(SCHEME_AND_AUTHORITY, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function normalized(target: string, opaquePrefixes: readonly string[]): string {
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  const decoded = MALFORMED_ESCAPE.test(path) ? path : path.replace(ESCAPE, decodeUnreserved);
  const isOpaque = opaquePrefixes.some((prefix) => decoded.startsWith(prefix));
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

/** RFC 9112, section 3.2: HTTP/1.1 has exactly one Host header. */
export function findHostFailure(request: IncomingMessage): ProtocolError | null {
  const hosts = headerValues(request.rawHeaders, 'host').length;
  if (hosts === 1 || (hosts === 0 && request.httpVersion !== '1.1')) {
    return null;
  }
  return new ProtocolError(400, 'BAD_HOST', 'A request in HTTP/1.1 must have exactly one Host header.', {
    Connection: 'close',
  });
}
