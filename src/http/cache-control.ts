/** Linear in time: a string that is not closed ends with the header. */
const QUOTED_STRING = /"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/**
 * Whether a `Cache-Control` header of a request has the directive no-cache (RFC 9111, section
 * 5.2.1.4): its sender wants the current state, not a cached one. An argument is ignored, because
 * in requests the directive has none.
 */
export function wantsNoCache(cacheControl: string): boolean {
  return cacheControl
    .replace(QUOTED_STRING, '""')
    .split(',')
    .some((directive) => /^\s*no-cache\s*(?:=|$)/i.test(directive));
}
