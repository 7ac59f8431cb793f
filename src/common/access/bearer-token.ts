import { CredentialsMissingError, InvalidCredentialsError } from './access-errors.js';

/**
 * An authentication scheme and, if exactly one token follows it, that token. Spaces separate them,
 * any number, but no tab.
 */
const CREDENTIALS = /^[ \t]*([^ \t]+)(?: +([^ \t]+)[ \t]*$)?/;

/** The parsed value of an `Authorization` header (RFC 9110, section 11.4). */
export interface Credentials {
  /** In lower case: schemes are case-insensitive. */
  readonly scheme: string;
  /** Undefined when no token follows the scheme, or something that is not one token. */
  readonly token: string | undefined;
}

/**
 * Parses the value of one `Authorization` header; null when it is empty. The characters of the
 * token are not checked.
 */
export function parseCredentials(header: string): Credentials | null {
  const [, scheme, token] = CREDENTIALS.exec(header) ?? [];
  return scheme === undefined ? null : { scheme: scheme.toLowerCase(), token };
}

/**
 * The bearer token of a request (RFC 6750, section 2.1).
 * @param authorization every `Authorization` header of the request; Node's `headers` would hide a
 * second one
 * @throws CredentialsMissingError without a header, or with one of another scheme: RFC 6750,
 * section 3.1, wants no error code then
 * @throws InvalidCredentialsError for several headers, or one that is not a bearer token
 */
export function bearerToken(authorization: readonly string[]): string {
  const [header, ...more] = authorization;
  if (header === undefined) {
    throw new CredentialsMissingError();
  }
  if (more.length > 0) {
    throw new InvalidCredentialsError('Send one Authorization header, not several.');
  }
  const credentials = parseCredentials(header);
  if (credentials?.scheme !== 'bearer') {
    throw new CredentialsMissingError();
  }
  if (credentials.token === undefined) {
    throw new InvalidCredentialsError('The Authorization header must be: Bearer <secret>.');
  }
  return credentials.token;
}
