import type { CachedSecret } from './cached-secret.js';

/**
 * The measured size of every entry: its objects, ids, digest and times, its response without label
 * and scopes, and its places in the cache and in the index from keys to secrets.
 */
const FIXED_BYTES = 1_050;
const STRING_HEADER_BYTES = 16;
const BEYOND_ASCII = /[\u0080-\uffff]/;
const BEYOND_LATIN1 = /[\u0100-\uffff]/;
/** A scope in the JSON of a response, with quotes and comma. */
const SCOPE_TEXT_BYTES = 20;
/** A UTF-16 unit in ASCII JSON, for example `\u00e9`. */
const ESCAPE_BYTES = 6;

/**
 * The size of a cache entry in bytes, including its response. The estimate is at least the real
 * size less a few percent, and higher where several keys share a list.
 */
export function sizeOf({ secretHash, key: { record, allowList } }: CachedSecret): number {
  const { label, description, scopes } = record;
  return (
    FIXED_BYTES +
    textBytes(label) +
    textBytes(description) +
    textBytes(secretHash) +
    label.length * (BEYOND_ASCII.test(label) ? ESCAPE_BYTES : 1) +
    scopes.length * SCOPE_TEXT_BYTES +
    (allowList?.bytes ?? 0)
  );
}

/** V8 stores a string with one byte per unit, or with two if one of them is beyond Latin-1. */
function textBytes(text: string | null): number {
  return text === null ? 0 : STRING_HEADER_BYTES + text.length * (BEYOND_LATIN1.test(text) ? 2 : 1);
}
