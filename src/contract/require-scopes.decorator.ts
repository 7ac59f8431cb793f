import { applyDecorators, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiBearerAuth } from '@nestjs/swagger';
import {
  AddressNotAllowedError,
  CredentialsMissingError,
  InsufficientScopeError,
  UnknownApiKeyError,
} from '../common/access/access-errors.js';
import { bearerChallenge } from '../common/access/bearer-challenge.js';
import type { Scope } from '../common/access/scope.js';
import { ApiFailure } from './error-response.schema.js';

/** The metadata that holds a handler's scopes; see `requiredScopes`. */
const REQUIRED_SCOPES = Symbol('required scopes');

/**
 * Admits only keys with all of these scopes (without arguments: every valid key). Documents the
 * bearer scheme and the 401 and 403 responses.
 *
 * @example
 * @Get()
 * @RequireScopes('invoices.read')
 * list() {}
 */
export function RequireScopes(...scopes: readonly Scope[]): MethodDecorator {
  return applyDecorators(
    SetMetadata(REQUIRED_SCOPES, scopes),
    ApiBearerAuth(),
    ApiFailure(
      401,
      'No API key, or one that is not valid: unknown, expired, disabled or deleted',
      {
        missing: { error: new CredentialsMissingError().message },
        invalid: { error: new UnknownApiKeyError().message },
      },
      { 'WWW-Authenticate': bearerChallenge() },
    ),
    documentForbidden(scopes),
  );
}

/** The scopes that `@RequireScopes` names for the handler about to run; empty without it. */
export function requiredScopes(reflector: Reflector, context: ExecutionContext): readonly Scope[] {
  return reflector.get<readonly Scope[] | undefined>(REQUIRED_SCOPES, context.getHandler()) ?? [];
}

function documentForbidden(scopes: readonly Scope[]): MethodDecorator {
  const address = { error: new AddressNotAllowedError().message };
  if (scopes.length === 0) {
    const challenge = { 'WWW-Authenticate': bearerChallenge() };
    return ApiFailure(403, 'The API key may not be used from this address', { address }, challenge);
  }
  return ApiFailure(
    403,
    `The API key lacks the scope ${scopes.join(' or ')}, or may not be used from this address`,
    { scope: { error: new InsufficientScopeError(scopes).message }, address },
    { 'WWW-Authenticate': bearerChallenge({ error: 'insufficient_scope', scope: scopes.join(' ') }) },
  );
}
