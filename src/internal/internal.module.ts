import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module.js';
import { VerificationModule } from '../verification/verification.module.js';
import { EnvoyForwardAuthEndpoint, ForwardAuthEndpoint } from './forward-auth.endpoints.js';
import { INTERNAL_ENDPOINTS, type InternalEndpoint } from './internal-endpoint.js';
import { InternalListener } from './internal-listener.js';
import { InternalRouter } from './internal-router.js';
import { IntrospectEndpoint } from './introspect.endpoint.js';
import { LivenessEndpoint, MetricsEndpoint, ReadinessEndpoint } from './monitoring.endpoints.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { VerifyBatchEndpoint, VerifyEndpoint } from './verify.endpoints.js';

/** The one list of endpoints: a new one needs its class and a line here. */
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
    {
      provide: INTERNAL_ENDPOINTS,
      useFactory: (...endpoints: InternalEndpoint[]) => endpoints,
      inject: ENDPOINTS,
    },
    ServiceAuthenticator,
    InternalRouter,
    InternalListener,
  ],
  exports: [InternalListener],
})
export class InternalModule {}
