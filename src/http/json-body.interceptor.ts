import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { findResultContract } from '../contract/api-result.decorator.js';
import type { HttpRequest, HttpResponse } from './http-request.js';
import { readJsonObject } from './json-body.js';

/**
 * Reads the body of a handler that has a `@JsonBody()`. Bound last, so that only admitted requests
 * cost reading and parsing; pipes run after it. The body of any other request is discarded unread.
 */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const takesBody = findResultContract(context.getHandler())?.takesBody === true;
    return takesBody ? this.handleWithBody(context, next) : next.handle();
  }

  private async handleWithBody(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    request.body = await readJsonObject(request, context.switchToHttp().getResponse<HttpResponse>());
    return next.handle();
  }
}
