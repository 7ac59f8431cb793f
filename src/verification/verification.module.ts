import { Module } from '@nestjs/common';
import { CLOCK, SystemClock } from '../common/clock.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { BcryptRecovery } from './bcrypt-recovery.js';
import { ChangeFeed } from './change-feed.js';
import { DatabaseClock } from './database-clock.js';
import { DatabaseReach } from './database-reach.js';
import { DigestRenewal } from './digest-renewal.js';
import { FactsCache } from './facts-cache.js';
import { FactsLoader } from './facts-loader.js';
import { FactsRefresh } from './facts-refresh.js';
import { FactsSource } from './facts-source.js';
import { FeedReader } from './feed-reader.js';
import { Judge } from './judge.js';
import { RecentChanges } from './recent-changes.js';
import { StoredSecretQuery } from './stored-secret.query.js';
import { VerificationMetrics } from './verification-metrics.js';
import { Verifier } from './verifier.js';

@Module({
  imports: [SecretsModule, UsageModule],
  providers: [
    { provide: CLOCK, useValue: new SystemClock() },
    BcryptRecovery,
    ChangeFeed,
    DatabaseClock,
    DatabaseReach,
    DigestRenewal,
    FactsCache,
    FactsLoader,
    FactsRefresh,
    FactsSource,
    FeedReader,
    Judge,
    RecentChanges,
    StoredSecretQuery,
    VerificationMetrics,
    Verifier,
  ],
  exports: [ChangeFeed, VerificationMetrics, Verifier],
})
export class VerificationModule {}
