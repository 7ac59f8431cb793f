import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { findResultContract } from '../contract/api-result.decorator.js';
import { successEnvelope } from '../contract/envelope.js';
import { Page } from '../contract/page.js';
import { requestIdentity } from '../contract/request-identity.js';
import { skipsEnvelope } from '../contract/skip-envelope.decorator.js';
import type { HttpRequest, HttpResponse } from './http-request.js';
import { linkToNextPage } from './page-link.js';

/** Puts what a handler returns into the envelope, as its `@ApiResult` says; a `Page` becomes its items and a `Link` header. */
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
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<HttpResponse>();
    return next
      .handle()
      .pipe(
        map((result: unknown) =>
          successEnvelope(
            requestIdentity(request),
            contract.status,
            unfold(result, request, response),
            contract.message,
          ),
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
