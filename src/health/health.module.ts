import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { DatabaseProbe } from './database-probe.js';
import { HealthController } from './health.controller.js';
import { ProcessMetrics } from './process-metrics.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [AdmissionModule, SecretsModule, UsageModule],
  controllers: [HealthController],
  providers: [DatabaseProbe, ProcessMetrics, Readiness],
  exports: [DatabaseProbe, ProcessMetrics, Readiness],
})
export class HealthModule {}
