import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { CredentialsMissingError, KeyRequiredError } from './access-errors.js';
import type { Caller, KeyCaller } from './caller.js';
import { findCaller } from './current-caller.js';

/**
 * The caller, if it is an API key.
 * @throws KeyRequiredError for a caller of another kind; CredentialsMissingError without a caller
 */
export function requireKey(caller: Caller | undefined): KeyCaller {
  if (caller === undefined) {
    throw new CredentialsMissingError();
  }
  if (caller.kind !== 'key') {
    throw new KeyRequiredError();
  }
  return caller;
}

/**
 * The verified API key, as an argument of a handler. Other callers get 403, a request without one
 * 401.
 */
export const CurrentKey = createParamDecorator((_: unknown, context: ExecutionContext) =>
  requireKey(findCaller(context.switchToHttp().getRequest<object>())),
);
