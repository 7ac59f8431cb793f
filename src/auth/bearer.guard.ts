import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { setCaller } from '../common/access/current-caller.js';
import { PUBLIC_ROUTE } from '../common/access/public-route.js';
import { requiredScopes } from '../contract/require-scopes.decorator.js';
import { SCOPE_CATALOGUE } from '../common/access/scope.js';
import { parseForwardedAddress } from '../common/net/forwarded-address.js';
import { headerValues } from '../common/raw-headers.js';
import { requestIdentity } from '../contract/request-identity.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import { isOfLivingKey } from '../decision/verdict.js';
import { BearerStrategy } from './bearer.strategy.js';
import { setVerdict } from './request-verdict.js';

/**
 * Lets nobody in without a living key. The verdict is reached here, once and whole; the scopes guard and the ip-allow-list
 * interceptor each enforce their part of it.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly strategy: BearerStrategy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (
      this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [
        context.getHandler(),
        context.getClass(),
      ]) === true
    ) {
      return true;
    }
    const request = context.switchToHttp().getRequest<Request>();
    const attempt = {
      scopes: SCOPE_CATALOGUE.setOf(requiredScopes(this.reflector, context)),
      address: parseForwardedAddress(callerAddress(request) ?? ''),
    };
    const verdict = await this.strategy.verdict(headerValues(request.rawHeaders, 'authorization'), attempt);
    if (!isOfLivingKey(verdict)) {
      throw errorForVerdict(verdict) ?? new TypeError(`a dead key was found ${verdict.code}`);
    }
    setVerdict(request, verdict);
    const { keyId, organizationId, record } = verdict.key;
    const { requestId } = requestIdentity(request);
    setCaller(request, { kind: 'key', keyId, organizationId, address: attempt.address, requestId, record });
    return true;
  }
}

/** The peer's, unless a proxy may have spoken: only then Express is asked whom it was told to trust. */
function callerAddress(request: Request): string | undefined {
  return request.headers['x-forwarded-for'] === undefined ? request.socket.remoteAddress : request.ip;
}
