import { Module } from '@nestjs/common';
import { CLOCK, SystemClock } from '../common/clock.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { BcryptRecovery } from './recovery/bcrypt-recovery.js';
import { ChangeFeed } from './change-feed/change-feed.js';
import { DatabaseClock } from './change-feed/database-clock.js';
import { OutageDetector } from './cache/outage-detector.js';
import { DigestRenewal } from './recovery/digest-renewal.js';
import { KeyCache } from './cache/key-cache.js';
import { CacheInvalidation } from './cache/cache-invalidation.js';
import { KeyLoader } from './cache/key-loader.js';
import { CacheRevalidator } from './cache/cache-revalidator.js';
import { KeySource } from './cache/key-source.js';
import { ChangeFeedReader } from './change-feed/change-feed-reader.js';
import { KeyAuthenticator } from './key-authenticator.js';
import { RecentChanges } from './change-feed/recent-changes.js';
import { CachedSecretQuery } from './cache/cached-secret.query.js';
import { VerificationMetrics } from './verification-metrics.js';
import { Verifier } from './verifier.js';

@Module({
  imports: [SecretsModule, UsageModule],
  providers: [
    { provide: CLOCK, useValue: new SystemClock() },
    BcryptRecovery,
    ChangeFeed,
    DatabaseClock,
    OutageDetector,
    DigestRenewal,
    CacheInvalidation,
    KeyCache,
    KeyLoader,
    CacheRevalidator,
    KeySource,
    ChangeFeedReader,
    KeyAuthenticator,
    RecentChanges,
    CachedSecretQuery,
    VerificationMetrics,
    Verifier,
  ],
  exports: [ChangeFeed, VerificationMetrics, Verifier],
})
export class VerificationModule {}
