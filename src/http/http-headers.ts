import type { IncomingMessage } from 'node:http';
import { parse } from 'content-type';
import { headerValues } from '../common/raw-headers.js';
import { ProtocolError } from './error-response.js';

/** The media ranges that include JSON, from the least to the most specific. */
const RANGES = ['*/*', 'application/*', 'application/json'];
/** Charsets that are UTF-8: no name, the name, its common misspelling, and its subset. */
const UTF8_NAMES: readonly (string | undefined)[] = [undefined, 'utf-8', 'utf8', 'us-ascii'];
/** Linear in time: a string that is not closed ends with the header. */
const QUOTED_STRING = /"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/** What the `Content-Type` of a request says about its body (RFC 9110, section 8.3). */
export interface MediaType {
  /** In lower case; empty without the header. */
  readonly type: string;
  /** Whether the charset is absent, or an encoding that UTF-8 includes. */
  readonly isUtf8: boolean;
}

/**
 * The media type of a request's body. Parameters other than charset are ignored.
 * @throws ProtocolError when there are several `Content-Type` headers
 */
export function mediaTypeOf({ headers, rawHeaders }: IncomingMessage): MediaType {
  if (headerValues(rawHeaders, 'content-type').length > 1) {
    throw new ProtocolError(400, 'CONTENT_TYPE_REPEATED', 'Send one Content-Type header, not several.');
  }
  const { type, parameters } = parse(headers['content-type'] ?? '');
  return { type, isUtf8: UTF8_NAMES.includes(parameters.charset?.toLowerCase()) };
}

/**
 * Whether an `Accept` header allows JSON (RFC 9110, section 12.5.1): the most specific range that
 * includes it decides, by its weight. Other parameters are ignored, because JSON has none (RFC
 * 8259, section 11). An empty header allows everything, like an absent one.
 *
 * Only the public listener checks it. Each internal endpoint has one format, and gateways forward
 * the header of their own clients, which says nothing about what the gateway can read.
 */
export function acceptsJson(accept: string): boolean {
  let decidedBy = -1;
  let isAccepted = false;
  let isEmpty = true;
  for (let at = 0; at < accept.length;) {
    const { type, parameters, index } = parse(accept, { comma: true, start: at });
    at = index + 1;
    isEmpty &&= type === '';
    const rank = RANGES.indexOf(type);
    if (rank !== -1 && rank >= decidedBy) {
      const isAllowed = isPositive(parameters.q);
      isAccepted = rank === decidedBy ? isAccepted || isAllowed : isAllowed;
      decidedBy = rank;
    }
  }
  return isEmpty || isAccepted;
}

/** A weight that is not a number is ignored: a client that lists JSON can read it. */
function isPositive(weight: string | undefined): boolean {
  return weight === undefined || !(Number.parseFloat(weight) <= 0);
}

/**
 * Whether the `Cache-Control` header of a request has the directive no-cache (RFC 9111, section
 * 5.2.1.4). An argument is ignored, because the directive has none in requests.
 */
export function wantsNoCache(cacheControl: string): boolean {
  return cacheControl
    .replace(QUOTED_STRING, '""')
    .split(',')
    .some((directive) => /^\s*no-cache\s*(?:=|$)/i.test(directive));
}
