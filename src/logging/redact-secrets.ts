/**
 * No word boundary before the prefix, because in JSON a line break before it is the letter n. The
 * underscore, which is not in the alphabet of a secret's body, makes two adjacent secrets match.
 */
const SECRET = /(sk_(?:live|test)_)[0-9A-Za-z_]+/g;

/** Replaces every secret in a text by its prefix. */
export function redactSecrets(text: string): string {
  // Nearly every line has none, and searching is cheaper than replacing.
  return text.includes('sk_') ? text.replace(SECRET, '$1[redacted]') : text;
}
