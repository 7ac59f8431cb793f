import { Module } from '@nestjs/common';
import { VerificationModule } from '../verification/verification.module.js';
import { BearerGuard } from './bearer.guard.js';
import { BearerStrategy } from './bearer.strategy.js';
import { IpAllowListInterceptor } from './ip-allow-list.interceptor.js';
import { ScopesGuard } from './scopes.guard.js';

const ENFORCERS = [BearerGuard, ScopesGuard, IpAllowListInterceptor];

@Module({ imports: [VerificationModule], providers: [BearerStrategy, ...ENFORCERS], exports: ENFORCERS })
export class AuthModule {}
