import type { ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Caller } from '../common/access/caller.js';
import { findCaller } from '../common/access/current-caller.js';
import { refusalError } from '../common/admission/refusal-error.js';
import { findResultContract } from '../contract/api-result.decorator.js';
import { ListAdmission } from './list-admission.js';

/**
 * Bounds the concurrent lists of each organization and key until their responses are read, because
 * an unread response stays in memory. The listener closes connections whose clients do not read.
 */
@Injectable()
export class ListAdmissionInterceptor implements NestInterceptor {
  constructor(private readonly admission: ListAdmission) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const caller = findCaller(http.getRequest<object>());
    return caller === undefined || findResultContract(context.getHandler())?.isList !== true
      ? next.handle()
      : this.admit(caller, http.getResponse<ServerResponse>(), next);
  }

  private async admit(caller: Caller, response: ServerResponse, next: CallHandler): Promise<Observable<unknown>> {
    const outcome = await this.admission.admit(caller, response);
    if (outcome !== 'admitted') {
      throw refusalError(outcome, 'lists');
    }
    return next.handle();
  }
}
