import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { PUBLIC_ROUTE } from '../common/access/public-route.js';
import { SCOPE_CATALOGUE } from '../common/access/scope.js';
import { parseForwardedAddress } from '../common/net/forwarded-address.js';
import { headerValues } from '../common/raw-headers.js';
import { requestContext } from '../common/request-context.js';
import { requiredScopes } from '../contract/require-scopes.decorator.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import { isOfLivingKey, type Verdict } from '../decision/verdict.js';
import { BearerStrategy } from './bearer.strategy.js';

/**
 * Rejects requests without a living key. The whole verdict is reached here, once; the scopes guard
 * and the ip-allow-list interceptor each enforce their part of it.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly strategy: BearerStrategy,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    if (
      this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [
        execution.getHandler(),
        execution.getClass(),
      ]) === true
    ) {
      return true;
    }
    const request = execution.switchToHttp().getRequest<Request>();
    const context = requestContext<Verdict>(request);
    const attempt = {
      scopes: SCOPE_CATALOGUE.setOf(requiredScopes(this.reflector, execution)),
      address: parseForwardedAddress(clientAddress(request) ?? ''),
    };
    const verdict = await this.strategy.verdict(headerValues(request.rawHeaders, 'authorization'), attempt);
    context.verdict = verdict;
    if (!isOfLivingKey(verdict)) {
      throw errorForVerdict(verdict) ?? new TypeError(`a dead key has the verdict ${verdict.code}`);
    }
    const { keyId, organizationId, record } = verdict.key;
    const { requestId } = context;
    context.caller = { kind: 'key', keyId, organizationId, address: attempt.address, requestId, record };
    return true;
  }
}

/** The peer's address. Express applies `TRUST_PROXY` only if a proxy may have sent another one. */
function clientAddress(request: Request): string | undefined {
  return request.headers['x-forwarded-for'] === undefined ? request.socket.remoteAddress : request.ip;
}
