import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { DatabaseProbe } from './database-probe.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { ProcessMetrics } from './process-metrics.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [AdmissionModule, SecretsModule, UsageModule],
  controllers: [HealthController],
  providers: [DatabaseProbe, HealthService, ProcessMetrics, Readiness],
  exports: [HealthService, ProcessMetrics, Readiness],
})
export class HealthModule {}
