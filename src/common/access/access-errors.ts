import { DomainError } from '../domain-error.js';
import type { Scope } from './scope.js';

/**
 * The request has no bearer credentials. The challenge then carries no error code (RFC 6750,
 * section 3).
 */
export class CredentialsMissingError extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'CREDENTIALS_MISSING';

  constructor() {
    super('This request needs an API key: send it as the header Authorization: Bearer <secret>.');
  }
}

/** The credentials are malformed, or those of an expired, disabled or deleted key. */
export class InvalidCredentialsError extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'INVALID_CREDENTIALS';
}

/** The route is for API keys, and the caller is not one, for example an operator. */
export class KeyRequiredError extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'KEY_REQUIRED';

  constructor() {
    super('This endpoint is for API keys only. Send the request with an API key.');
  }
}

/** No key has this secret, as far as the client may learn. */
export class UnknownApiKeyError extends InvalidCredentialsError {
  constructor(detail?: string) {
    super('This API key is not valid.', detail === undefined ? {} : { detail });
  }
}

/** The key is valid and lacks scopes. `scopes` are the missing ones. */
export class InsufficientScopeError extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'INSUFFICIENT_SCOPE';

  constructor(readonly scopes: readonly Scope[]) {
    super(`This API key lacks the scope ${scopes.join(', ')}.`);
  }
}

/** The key is valid and may not be used from this address. */
export class AddressNotAllowedError extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'ADDRESS_NOT_ALLOWED';

  constructor(detail?: string) {
    super(
      "This API key may not be used from your address: it is outside the key's ip_allow_list.",
      detail === undefined ? {} : { detail },
    );
  }
}
