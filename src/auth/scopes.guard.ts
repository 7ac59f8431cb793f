import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { requestContext } from '../common/request-context.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import type { Verdict } from '../decision/verdict.js';

/** Rejects a key that lacks a scope of the route's `@RequireScopes`. */
@Injectable()
export class ScopesGuard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const { verdict } = requestContext<Verdict>(execution.switchToHttp().getRequest<object>());
    const refusal = verdict?.code === 'INSUFFICIENT_SCOPES' ? errorForVerdict(verdict) : null;
    if (refusal !== null) {
      throw refusal;
    }
    return true;
  }
}
