import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module.js';
import { VerificationModule } from '../verification/verification.module.js';
import { EnvoyForwardAuthDoor, ForwardAuthDoor } from './forward-auth.doors.js';
import { InternalCallers } from './internal-callers.js';
import { InternalDoors } from './internal-doors.js';
import { InternalListener } from './internal-listener.js';
import { InternalRouter } from './internal-router.js';
import { CallRecorder } from './call-recorder.js';
import { InternalMetrics } from './internal-metrics.js';
import { IntrospectDoor } from './introspect.door.js';
import { LiveDoor, MetricsDoor, ReadyDoor } from './monitoring.doors.js';
import { VerifyBatchDoor, VerifyDoor } from './verify.doors.js';

const DOORS = [
  VerifyDoor,
  VerifyBatchDoor,
  IntrospectDoor,
  ForwardAuthDoor,
  EnvoyForwardAuthDoor,
  LiveDoor,
  ReadyDoor,
  MetricsDoor,
];

/** The listener for services, and its doors. */
@Module({
  imports: [HealthModule, VerificationModule],
  providers: [
    ...DOORS,
    InternalDoors,
    InternalCallers,
    InternalMetrics,
    InternalRouter,
    CallRecorder,
    InternalListener,
  ],
  exports: [InternalListener],
})
export class InternalModule {}
