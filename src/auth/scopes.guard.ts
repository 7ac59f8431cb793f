import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { errorForVerdict } from '../decision/verdict-error.js';
import { findVerdict } from './request-verdict.js';

/** Refuses a key that lacks a scope which the route names by `@RequireScopes`. */
@Injectable()
export class ScopesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const verdict = findVerdict(context.switchToHttp().getRequest<object>());
    const refusal = verdict?.code === 'INSUFFICIENT_SCOPES' ? errorForVerdict(verdict) : null;
    if (refusal !== null) {
      throw refusal;
    }
    return true;
  }
}
