import { Body } from '@nestjs/common';

const TAKES_BODY = Symbol('takes body');

/**
 * The validated JSON body as a handler's argument. Use it in place of `@Body()`, which does not
 * tell the edge that the handler takes a body: the body would stay unread.
 *
 * @example create(@JsonBody() body: CreateThingRequest) {}
 */
export function JsonBody(): ParameterDecorator {
  return (target, method, index) => {
    Body()(target, method, index);
    if (method !== undefined) {
      Reflect.defineMetadata(TAKES_BODY, true, target, method);
    }
  };
}

/**
 * Whether a method of a prototype has a `@JsonBody()`. Works in method decorators, because those of
 * parameters run first.
 */
export function takesJsonBody(prototype: object, method: string | symbol): boolean {
  return Reflect.getMetadata(TAKES_BODY, prototype, method) === true;
}
