import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Caller } from './caller.js';

const CALLER = Symbol('caller');

interface RequestWithCaller {
  [CALLER]?: Caller;
}

/** Notes on the request who sends it. Only the bearer guard calls this. */
export function setCaller(request: object, caller: Caller): void {
  (request as RequestWithCaller)[CALLER] = caller;
}

/** Who sends the request; undefined until its key was verified. */
export function findCaller(request: object): Caller | undefined {
  return (request as RequestWithCaller)[CALLER];
}

/** The verified caller, as a handler's argument. Throws on a public route, where there is none. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = findCaller(context.switchToHttp().getRequest<object>());
  if (caller === undefined) {
    throw new TypeError('a route that takes @CurrentCaller() must not be a @PublicRoute()');
  }
  return caller;
});
