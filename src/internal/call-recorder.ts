import { Inject, Injectable } from '@nestjs/common';
import type { Exchange } from '../http/exchange.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import { InternalMetrics } from './internal-metrics.js';
import type { Progress } from './progress.js';

/** Counts each call at the doors, and writes its one line in the log. */
@Injectable()
export class CallRecorder {
  constructor(
    private readonly metrics: InternalMetrics,
    private readonly httpMetrics: HttpMetrics,
    @Inject(LOGGER) private readonly logger: StructuredLogger,
  ) {}

  /** Call it once, when the answer is out or can no longer get out. */
  record({ call, door, caller, note }: Progress, exchange: Exchange): void {
    const { request, response } = exchange;
    const status = response.headersSent ? response.statusCode : null;
    this.httpMetrics.count('internal', status);
    this.metrics.count(door?.name ?? '', caller, status ?? 0);
    const level = door?.isQuiet === true ? 'debug' : 'info';
    if (!this.logger.isLevelEnabled(level)) {
      return;
    }
    this.logger.plain(
      level,
      {
        request_id: call.identity.requestId,
        support_id: call.identity.supportId,
        method: request.method,
        door: door?.name ?? null,
        caller,
        status,
        duration_ms: Math.round((performance.now() - exchange.startedMs) * 100) / 100,
        verdict: note?.verdict,
        verifications: note?.verifications,
        key_id: note?.key_id,
        organization_id: note?.organization_id,
        error_code: note?.error_code,
        detail: note?.detail,
        remote_address: exchange.remoteAddress ?? null,
        aborted: !response.writableFinished,
      },
      'request',
    );
  }
}
