import { applyDecorators, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiBearerAuth } from '@nestjs/swagger';
import { ApiFailure } from './error-response.schema.js';
import { AddressNotAllowedError, CredentialsMissingError } from '../common/access/access-errors.js';
import type { Scope } from '../common/access/scope.js';

/** The metadata that holds a handler's scopes; see `requiredScopes`. */
export const REQUIRED_SCOPES = Symbol('required scopes');

/** Lets only keys with all of these scopes call (with none named: every living key), and documents it: the bearer scheme, and the 401 and 403 answers. */
export function RequireScopes(...scopes: readonly Scope[]): MethodDecorator {
  return applyDecorators(
    SetMetadata(REQUIRED_SCOPES, scopes),
    ApiBearerAuth(),
    ApiFailure(
      401,
      'No API key, or one that is not good: unknown, expired, disabled or deleted',
      {
        missing: { error: new CredentialsMissingError().message },
        invalid: { error: 'This API key is not valid.' },
      },
      { 'WWW-Authenticate': 'Bearer realm="latchkey"' },
    ),
    documentForbidden(scopes),
  );
}

/** The scopes that `@RequireScopes` asks for on the handler about to run; none without it. */
export function requiredScopes(reflector: Reflector, context: ExecutionContext): readonly Scope[] {
  return reflector.get<readonly Scope[] | undefined>(REQUIRED_SCOPES, context.getHandler()) ?? [];
}

function documentForbidden(scopes: readonly Scope[]): MethodDecorator {
  const address = { error: new AddressNotAllowedError('').message };
  if (scopes.length === 0) {
    const challenge = { 'WWW-Authenticate': 'Bearer realm="latchkey"' };
    return ApiFailure(403, 'The API key may not be used from this address', { address }, challenge);
  }
  return ApiFailure(
    403,
    `The API key lacks the scope ${scopes.join(' or ')}, or may not be used from this address`,
    { scope: { error: `This API key lacks the scope ${scopes.join(', ')}.` }, address },
    { 'WWW-Authenticate': `Bearer realm="latchkey", error="insufficient_scope", scope="${scopes.join(' ')}"` },
  );
}
