import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { requestContext } from '../common/request-context.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import type { Verdict } from '../decision/verdict.js';

/**
 * Rejects a key that must not be used from the client's address, and every other verdict that the
 * guards did not reject, so that no handler of a protected route runs without a VALID one.
 */
@Injectable()
export class IpAllowListInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { verdict } = requestContext<Verdict>(execution.switchToHttp().getRequest<object>());
    const refusal = verdict === null ? null : errorForVerdict(verdict);
    if (refusal !== null) {
      throw refusal;
    }
    return next.handle();
  }
}
