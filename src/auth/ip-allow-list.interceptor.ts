import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { errorForVerdict } from '../decision/verdict-error.js';
import { findVerdict } from './request-verdict.js';

/**
 * Refuses a key that may not be used from the caller's address. The last word: whatever of the verdict nobody has
 * enforced before is enforced here, so that no handler runs unless the verdict is valid.
 */
@Injectable()
export class IpAllowListInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const verdict = findVerdict(context.switchToHttp().getRequest<object>());
    const refusal = verdict === undefined ? null : errorForVerdict(verdict);
    if (refusal !== null) {
      throw refusal;
    }
    return next.handle();
  }
}
