import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { requestContext } from '../request-context.js';
import type { Caller } from './caller.js';

/** Who sends the request; undefined until the key is verified. */
export function findCaller(request: object): Caller | undefined {
  return requestContext(request).caller ?? undefined;
}

/**
 * The verified caller, as an argument of a handler.
 * @throws TypeError on a public route, which has no caller
 */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = findCaller(context.switchToHttp().getRequest<object>());
  if (caller === undefined) {
    throw new TypeError('a route that takes @CurrentCaller() must not be a @PublicRoute()');
  }
  return caller;
});
