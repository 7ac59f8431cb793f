import type { ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { EMPTY, finalize, tap, type Observable } from 'rxjs';
import { refusalError } from '../common/admission/refusal-error.js';
import type { Caller } from '../common/access/caller.js';
import { findCaller } from '../common/access/current-caller.js';
import type { AdmissionOutcome } from '../common/admission/admission-limits.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { REQUEST_WAIT_MS, RequestAdmission } from './request-admission.js';
import { isWithoutAdmission } from './without-admission.js';

/** A request that failed as unavailable after this long was not unlucky: what it waited for does not answer. */
const SLOW_FAILURE_MS = 1_000;

/**
 * Bounds how many requests of one organization and of one key are under way. Bound after everything that can refuse a caller, and
 * before the body is read, so that a queued request holds no body. A client that goes away leaves the queue.
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
    const key = keyOf(caller);
    return this.admission.tryEnter(caller.organizationId, key)
      ? this.run(caller.organizationId, key, next)
      : this.runInTurn(caller.organizationId, key, next, http.getResponse<ServerResponse>());
  }

  private async runInTurn(
    organizationId: string,
    key: string,
    next: CallHandler,
    response: ServerResponse,
  ): Promise<Observable<unknown>> {
    const outcome = await this.wait(organizationId, key, response);
    if (outcome === 'aborted') {
      // There is no client left to answer.
      return EMPTY;
    }
    if (outcome !== 'admitted') {
      throw refusalError(outcome, 'requests');
    }
    return this.run(organizationId, key, next);
  }

  private async wait(organizationId: string, key: string, response: ServerResponse): Promise<AdmissionOutcome> {
    const gone = new AbortController();
    const leave = () => {
      gone.abort();
    };
    if (response.closed) {
      leave();
    }
    response.once('close', leave);
    const patience = { waitMs: REQUEST_WAIT_MS, signal: gone.signal };
    const outcome = await this.admission.enter(organizationId, key, patience);
    response.off('close', leave);
    return outcome;
  }

  private run(organizationId: string, key: string, next: CallHandler): Observable<unknown> {
    const startedMs = performance.now();
    return next.handle().pipe(
      tap({
        error: (error: unknown) => {
          // Those that wait would wait again, one after the other, and fail then.
          if (error instanceof UnavailableError && performance.now() - startedMs >= SLOW_FAILURE_MS) {
            this.admission.refuseQueued(organizationId);
          }
        },
      }),
      finalize(() => {
        this.admission.leave(organizationId, key);
      }),
    );
  }
}

function keyOf(caller: Caller): string {
  return caller.kind === 'key' ? caller.keyId : caller.kind;
}
