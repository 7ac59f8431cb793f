import { Global, Module } from '@nestjs/common';
import { Registry } from 'prom-client';
import { HttpMetrics } from './http-metrics.js';

/**
 * The metrics registry of this process, injected as prom-client's `Registry`. Each folder registers
 * its own metrics.
 */
@Global()
@Module({
  providers: [{ provide: Registry, useFactory: () => new Registry() }, HttpMetrics],
  exports: [Registry, HttpMetrics],
})
export class MetricsModule {}
