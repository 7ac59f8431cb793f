import { applyDecorators, HttpCode } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ApiOperation } from '@nestjs/swagger';
import { documentFailures, documentSuccess, type ResponseClass, type RouteFailures } from './api-result.openapi.js';

const ANSWER = Symbol('answer');

/** What a handler promises, for whoever wraps its result and feeds it its body. */
export interface ResultContract {
  readonly status: number;
  readonly message: string;
  /** Whether the handler has a `@Body()`; if not, whatever body comes is left unread. */
  readonly takesBody: boolean;
  /** Whether it answers with a list, which can be large. */
  readonly isList: boolean;
}

/** What `@ApiResult` may be told besides class and message. */
export interface ApiResultOptions {
  /** What the route does, in a few words. */
  readonly summary?: string;
  /** What a client must know beyond that. */
  readonly description?: string;
  /** 200 unless told. */
  readonly status?: 200 | 201 | 202;
  /** What the document shows in `data`, where it is not the class's own example. */
  readonly example?: unknown;
  /** Failures of this route alone, by status, beside those that every route has; also replaces the example of one of these, or (null) takes it away. */
  readonly failures?: RouteFailures;
}

/**
 * What a route answers: the class in `data` (`[Class]` for a list), the sentence in `message`, and both in the API document
 * together with the failures that every route has.
 */
export function ApiResult(
  response: ResponseClass | readonly [ResponseClass],
  message: string,
  options: ApiResultOptions = {},
): MethodDecorator {
  const { summary, description, status = 200, example, failures = {} } = options;
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    const takesBody = hasBodyParameter(target.constructor, key);
    const contract: ResultContract = { status, message, takesBody, isList: Array.isArray(response) };
    const decorate = applyDecorators(
      HttpCode(status),
      ApiOperation({ ...(summary !== undefined && { summary }), ...(description !== undefined && { description }) }),
      documentSuccess(response, status, message, example),
      ...documentFailures(contract.takesBody, failures),
    );
    decorate(target, key, descriptor);
    Reflect.defineMetadata(ANSWER, contract, descriptor.value as object);
  };
}

/** What `@ApiResult` noted on the handler. */
export function findResultContract(handler: object): ResultContract | undefined {
  return Reflect.getMetadata(ANSWER, handler) as ResultContract | undefined;
}

// Parameter decorators run before those of the method, so `@Body()` has left its note by now.
function hasBodyParameter(controller: object, method: string | symbol): boolean {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<string, unknown>;
  return Object.keys(parameters).some((parameter) => parameter.startsWith(`${RouteParamtypes.BODY}:`));
}
