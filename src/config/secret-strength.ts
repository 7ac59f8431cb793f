import { deflateRawSync } from 'node:zlib';

/**
 * Deflate makes 27 bytes or more of 32 random digits, and more of letters; of repeated characters
 * it makes less than this.
 */
const SHORTEST_DEFLATED_BYTES = 24;
const PLACEHOLDER =
  /change.?me|replace.?(?:me|this)|placeholder|insert.?(?:here|your)|your.?(?:secret|pepper|token|key)/i;
/**
 * The secrets of API keys travel with each request; those in our documents are known to everybody.
 */
const API_KEY = /^sk_(?:live|test)_/;

/**
 * Why a text is not random, as the end of a sentence; undefined for one that may be. Meant for what
 * people type instead of random characters. A sentence of words passes: the entropy of a source
 * cannot be measured from one text.
 */
export function explainWeakness(secret: Buffer): string | undefined {
  const text = secret.toString('latin1');
  if (PLACEHOLDER.test(text)) {
    return 'is a placeholder';
  }
  if (API_KEY.test(text)) {
    return 'is the secret of an API key';
  }
  // The differences of neighbours show what counts up: 0123456789abcdef.
  const differences = secret.map((byte, place) => byte - (secret[place - 1] ?? 0));
  const isPredictable = [secret, differences].some(
    (bytes) => deflateRawSync(bytes, { level: 9 }).length < SHORTEST_DEFLATED_BYTES,
  );
  return isPredictable ? 'repeats or counts up its characters' : undefined;
}
