import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { findAnswerContract } from '../common/answers.js';
import type { EdgeRequest, EdgeResponse } from './edge-request.js';
import { readJsonObject } from './json-body.js';

/**
 * Reads the body of a handler that has a `@Body()`. Bound last, so that nobody who is not let in makes us read, wait or parse; pipes
 * run after it. The body of any other request is thrown away unread.
 */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const takesBody = findAnswerContract(context.getHandler())?.takesBody === true;
    return takesBody ? this.handleWithBody(context, next) : next.handle();
  }

  private async handleWithBody(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    request.body = await readJsonObject(request, context.switchToHttp().getResponse<EdgeResponse>());
    return next.handle();
  }
}
