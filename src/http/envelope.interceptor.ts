import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { findAnswerContract } from '../common/answers.js';
import { successEnvelope } from '../common/envelope.js';
import { Page } from '../common/page.js';
import { requestIdentity } from '../common/request-identity.js';
import { speaksOwnStandard } from '../common/speaks-own-standard.js';
import type { EdgeRequest, EdgeResponse } from './edge-request.js';
import { linkToNextPage } from './page-link.js';

/** Puts what a handler returns into the envelope, as its `@Answers` says; a `Page` becomes its items and a `Link` header. */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = context.getHandler();
    if (speaksOwnStandard(handler, context.getClass())) {
      return next.handle();
    }
    const contract = findAnswerContract(handler);
    if (contract === undefined) {
      throw new TypeError(`${context.getClass().name}.${handler.name} needs @Answers() or @SpeaksOwnStandard()`);
    }
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const response = context.switchToHttp().getResponse<EdgeResponse>();
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

function unfold(result: unknown, request: EdgeRequest, response: EdgeResponse): unknown {
  if (!(result instanceof Page)) {
    return result ?? null;
  }
  if (result.next !== null) {
    response.setHeader('Link', linkToNextPage(request.originalUrl, result.next));
  }
  return result.items;
}
