import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { requestContext } from '../common/request-context.js';
import { findResultContract } from '../contract/api-result.decorator.js';
import { successEnvelope } from '../contract/envelope.js';
import { Page } from '../contract/page.js';
import { skipsEnvelope } from '../contract/skip-envelope.decorator.js';
import type { HttpRequest, HttpResponse } from './http-request.js';

/**
 * Wraps the result of a handler in the envelope that its `@ApiResult` declares. A `Page` becomes
 * its items and a `Link` header.
 */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = context.getHandler();
    if (skipsEnvelope(handler, context.getClass())) {
      return next.handle();
    }
    const contract = findResultContract(handler);
    if (contract === undefined) {
      throw new TypeError(`${context.getClass().name}.${handler.name} needs @ApiResult() or @SkipEnvelope()`);
    }
    const { status, message } = contract;
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<HttpResponse>();
    return next
      .handle()
      .pipe(
        map((result: unknown) =>
          successEnvelope(requestContext(request), status, unfold(result, request, response), message),
        ),
      );
  }
}

function unfold(result: unknown, request: HttpRequest, response: HttpResponse): unknown {
  if (!(result instanceof Page)) {
    return result ?? null;
  }
  if (result.next !== null) {
    response.setHeader('Link', linkToNextPage(request.originalUrl, result.next));
  }
  return result.items;
}

/**
 * The `Link` header (RFC 8288) to the page after a cursor: the query of the request with another
 * `after`. A reference that is only a query keeps the path that the client used (RFC 3986, section
 * 5.3), also behind a proxy that strips a prefix.
 */
function linkToNextPage(url: string, after: string): string {
  const queryStart = url.indexOf('?');
  const parameters = new URLSearchParams(queryStart === -1 ? '' : url.slice(queryStart + 1));
  parameters.set('after', after);
  return `<?${parameters.toString()}>; rel="next"`;
}
