import { DomainError } from '../domain-error.js';
import type { Scope } from './scope.js';

/** No bearer credentials came with the request (RFC 6750, section 3: the challenge then carries no error code). */
export class CredentialsMissingError extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'CREDENTIALS_MISSING';

  constructor() {
    super('This request needs an API key: send it as the header Authorization: Bearer <secret>.');
  }
}

/** Credentials came and are not good: malformed, unknown, expired, disabled or deleted. */
export class InvalidCredentialsError extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'INVALID_CREDENTIALS';
}

/** The key is good and lacks scopes. `scopes` are the missing ones. */
export class InsufficientScopeError extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'INSUFFICIENT_SCOPE';

  constructor(
    readonly scopes: readonly Scope[],
    message: string,
  ) {
    super(message);
  }
}

/** The key is good and may not be used from this address. */
export class AddressNotAllowedError extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'ADDRESS_NOT_ALLOWED';

  constructor(detail: string) {
    super("This API key may not be used from your address: it is outside the key's ip_allow_list.", { detail });
  }
}
