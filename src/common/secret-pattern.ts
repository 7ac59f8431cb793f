/** A secret of any installation: the prefix and 61 letters and digits. */
const SECRET_PATTERN = /sk_(?:live|test)_[0-9A-Za-z]{61}/;

/** Whether a text contains something of the form of a secret. The checksum is not verified. */
export function holdsSecret(text: string): boolean {
  return SECRET_PATTERN.test(text);
}
