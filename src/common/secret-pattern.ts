/** What every secret looks like, of any installation: prefix and 61 letters and digits. */
const SECRET_PATTERN = /sk_(?:live|test)_[0-9A-Za-z]{61}/;

/** Whether a text holds what has the outline of a secret; the checksum is not asked. */
export function holdsSecret(text: string): boolean {
  return SECRET_PATTERN.test(text);
}
