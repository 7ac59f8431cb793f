import { Global, Module } from '@nestjs/common';
import { Registry } from 'prom-client';
import { HttpMetrics } from './http-metrics.js';

/** The registry of this process's metrics, for whoever asks for prom-client's `Registry`. Each folder puts its own into it. */
@Global()
@Module({
  providers: [{ provide: Registry, useFactory: () => new Registry() }, HttpMetrics],
  exports: [Registry, HttpMetrics],
})
export class MetricsModule {}
