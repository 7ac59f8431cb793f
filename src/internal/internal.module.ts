import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module.js';
import { VerificationModule } from '../verification/verification.module.js';
import { EnvoyForwardAuthEndpoint, ForwardAuthEndpoint } from './forward-auth.endpoints.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { EndpointRegistry } from './endpoint-registry.js';
import { InternalListener } from './internal-listener.js';
import { InternalRouter } from './internal-router.js';
import { InternalAccessLog } from './internal-access-log.js';
import { InternalMetrics } from './internal-metrics.js';
import { IntrospectEndpoint } from './introspect.endpoint.js';
import { LivenessEndpoint, MetricsEndpoint, ReadinessEndpoint } from './monitoring.endpoints.js';
import { VerifyBatchEndpoint, VerifyEndpoint } from './verify.endpoints.js';

const ENDPOINTS = [
  VerifyEndpoint,
  VerifyBatchEndpoint,
  IntrospectEndpoint,
  ForwardAuthEndpoint,
  EnvoyForwardAuthEndpoint,
  LivenessEndpoint,
  ReadinessEndpoint,
  MetricsEndpoint,
];

/** The listener for services, and its endpoints. */
@Module({
  imports: [HealthModule, VerificationModule],
  providers: [
    ...ENDPOINTS,
    EndpointRegistry,
    ServiceAuthenticator,
    InternalMetrics,
    InternalRouter,
    InternalAccessLog,
    InternalListener,
  ],
  exports: [InternalListener],
})
export class InternalModule {}
