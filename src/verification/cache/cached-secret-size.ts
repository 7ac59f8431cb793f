import type { CachedSecret } from './cached-secret.js';

/**
 * What every entry takes, measured: its objects, ids, digest and times, the text of its answer
 * without label and scopes, and its places in the cache and in the index from keys to secrets.
 */
const FIXED_BYTES = 1_050;
const STRING_HEADER_BYTES = 16;
const BEYOND_ASCII = /[\u0080-\uffff]/;
const BEYOND_LATIN1 = /[\u0100-\uffff]/;
/** A scope in the text of an answer, with quotes and comma. */
const SCOPE_TEXT_BYTES = 20;
/** `\u00e9`: how an answer in ASCII writes a unit of UTF-16. */
const ESCAPE_BYTES = 6;

/**
 * How much memory a cache entry takes, in bytes, once it has been answered from. Never less than it
 * does, give or take a few percent; more where several keys share a list.
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

/** V8 keeps a text with one byte for each unit, or with two if one of them is beyond Latin-1. */
function textBytes(text: string | null): number {
  return text === null ? 0 : STRING_HEADER_BYTES + text.length * (BEYOND_LATIN1.test(text) ? 2 : 1);
}
