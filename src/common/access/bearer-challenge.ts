/** The protection space of the API (RFC 9110, section 11.5). */
export const REALM = 'latchkey';

/**
 * A `WWW-Authenticate` header with the bearer scheme (RFC 6750, section 3): the realm, then the
 * parameters in their order. Characters that RFC 6750 does not allow in a value are replaced.
 *
 * @example
 * bearerChallenge({ error: 'insufficient_scope', scope: 'invoices.read' });
 * // Bearer realm="latchkey", error="insufficient_scope", scope="invoices.read"
 */
export function bearerChallenge(parameters: Readonly<Record<string, string>> = {}): string {
  const all = Object.entries({ realm: REALM, ...parameters });
  return `Bearer ${all.map(([name, value]) => `${name}="${quotable(value)}"`).join(', ')}`;
}

/** Keeps printable ASCII without the double quote and the backslash. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
