import { CredentialsMissingError, InsufficientScopeError } from '../common/access/access-errors.js';
import type { DomainError } from '../common/domain-error.js';

const REALM = 'Bearer realm="latchkey"';

/**
 * The `WWW-Authenticate` header of a failure, by RFC 6750, section 3: without credentials, or where they are not what is wrong, the
 * realm alone; null for a failure that is not about access.
 */
export function challengeFor(error: null): string;
export function challengeFor(error: DomainError | null): string | null;
export function challengeFor(error: DomainError | null): string | null {
  if (error === null || error instanceof CredentialsMissingError) {
    return REALM;
  }
  if (error instanceof InsufficientScopeError) {
    return `${REALM}, error="insufficient_scope", scope="${error.scopes.join(' ')}"`;
  }
  if (error.kind === 'unauthenticated') {
    return `${REALM}, error="invalid_token", error_description="${quotable(error.message)}"`;
  }
  return error.kind === 'forbidden' ? REALM : null;
}

/** What RFC 6750 allows in a description: printable ASCII without the double quote and the backslash. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
