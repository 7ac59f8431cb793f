import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { documentFailures, documentSuccess, type ResponseClass, type RouteFailures } from './api-result.openapi.js';
import { takesJsonBody } from './json-body.decorator.js';

const RESULT_CONTRACT = Symbol('result contract');

/** The success response of a handler, as the interceptors apply it. */
export interface ResultContract {
  readonly status: number;
  readonly message: string;
  /** Whether the handler has a `@JsonBody()`. Without one, the body of a request stays unread. */
  readonly takesBody: boolean;
  /** Whether the response is a list, which can be large. */
  readonly isList: boolean;
}

/** The options of `@ApiResult`. */
export interface ApiResultOptions {
  /** What the route does, in a few words. */
  readonly summary?: string;
  /** What else a client must know. */
  readonly description?: string;
  /** Default: 200. */
  readonly status?: 200 | 201 | 202;
  /** The document's example of `data`. Default: the example of the class. */
  readonly example?: unknown;
  /**
   * Failures of this route by status, in addition to those of every route. Replaces the example of
   * one of those, or removes it (null).
   */
  readonly failures?: RouteFailures;
}

/**
 * Declares the success response of a route: the class in `data` (`[Class]` for a list) and the
 * sentence in `message`. Documents both, and the failures that every route has.
 *
 * @example
 * @Get()
 * @ApiResult([InvoiceResponse], 'Invoices listed')
 * list() {}
 */
export function ApiResult(
  response: ResponseClass | readonly [ResponseClass],
  message: string,
  options: ApiResultOptions = {},
): MethodDecorator {
  const { summary, description, status = 200, example, failures = {} } = options;
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    const takesBody = takesJsonBody(target, key);
    const contract: ResultContract = { status, message, takesBody, isList: Array.isArray(response) };
    const decorate = applyDecorators(
      HttpCode(status),
      ApiOperation({ ...(summary !== undefined && { summary }), ...(description !== undefined && { description }) }),
      documentSuccess(response, status, message, example),
      ...documentFailures(takesBody, failures),
    );
    decorate(target, key, descriptor);
    Reflect.defineMetadata(RESULT_CONTRACT, contract, descriptor.value as object);
  };
}

/** The contract that `@ApiResult` declared for a handler; undefined without it. */
export function findResultContract(handler: object): ResultContract | undefined {
  return Reflect.getMetadata(RESULT_CONTRACT, handler) as ResultContract | undefined;
}
