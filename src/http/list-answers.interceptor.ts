import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { findCaller } from '../common/access/current-caller.js';
import { findAnswerContract } from '../common/answers.js';
import type { EdgeResponse } from './edge-request.js';
import { ListAnswers } from './list-answers.js';

/** Refuses a list, before anything is read for it, when too many of its caller's are under way. See `ListAnswers`. */
@Injectable()
export class ListAnswersInterceptor implements NestInterceptor {
  private readonly lists = new ListAnswers();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (findAnswerContract(context.getHandler())?.isList === true) {
      const http = context.switchToHttp();
      const caller = findCaller(http.getRequest<object>());
      if (caller !== undefined) {
        this.lists.enter(caller, http.getResponse<EdgeResponse>());
      }
    }
    return next.handle();
  }
}
