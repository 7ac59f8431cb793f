import type { ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { finalize, tap, type Observable } from 'rxjs';
import { refusalError } from '../common/admission/refusal-error.js';
import { refuseBehind } from '../common/admission/run-admitted.js';
import type { Caller } from '../common/access/caller.js';
import { findCaller } from '../common/access/current-caller.js';
import { RequestAdmission } from './request-admission.js';
import { admissionKeyOf, waitForTurn } from './wait-for-turn.js';
import { isWithoutAdmission } from './without-admission.js';

/**
 * Bounds the concurrent requests of each organization and key. Runs after everything that can
 * refuse a caller, and before the body is read, so that a queued request holds no body. A client
 * that disconnects leaves the queue.
 */
@Injectable()
export class AdmissionInterceptor implements NestInterceptor {
  constructor(private readonly admission: RequestAdmission) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const caller = findCaller(http.getRequest<object>());
    if (caller === undefined || isWithoutAdmission(context.getHandler())) {
      return next.handle();
    }
    const key = admissionKeyOf(caller);
    return this.admission.tryEnter(caller.organizationId, key)
      ? this.run(caller.organizationId, key, next)
      : this.runInTurn(caller, http.getResponse<ServerResponse>(), next);
  }

  private async runInTurn(caller: Caller, response: ServerResponse, next: CallHandler): Promise<Observable<unknown>> {
    const outcome = await waitForTurn(this.admission, caller, response);
    if (outcome !== 'admitted') {
      throw refusalError(outcome, 'requests');
    }
    return this.run(caller.organizationId, admissionKeyOf(caller), next);
  }

  private run(organizationId: string, key: string, next: CallHandler): Observable<unknown> {
    const startedMs = performance.now();
    return next.handle().pipe(
      tap({
        error: (error: unknown) => {
          refuseBehind(this.admission, organizationId, error, startedMs);
        },
      }),
      finalize(() => {
        this.admission.leave(organizationId, key);
      }),
    );
  }
}
