import { Module } from '@nestjs/common';
import { ApiKeyMetricsRepository } from './api-key-metrics.repository.js';
import { UsageMeter } from './usage-meter.js';
import { UsageStore } from './usage-store.js';

@Module({
  providers: [ApiKeyMetricsRepository, UsageMeter, UsageStore],
  exports: [ApiKeyMetricsRepository, UsageMeter],
})
export class UsageModule {}
