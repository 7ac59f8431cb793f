import type { ServerResponse } from 'node:http';
import type { RequestContext } from '../common/request-context.js';
import type { StructuredLogger } from '../logging/logger.js';
import type { HttpMetrics, ListenerName } from '../metrics/http-metrics.js';

/**
 * Counts each request of one listener and writes its one line in the log, whatever layer sent the
 * response: the application, an internal endpoint, or the parser of HTTP. The fields are defined
 * here and nowhere else.
 */
export class AccessLog {
  constructor(
    private readonly listener: ListenerName,
    private readonly logger: StructuredLogger,
    private readonly metrics: HttpMetrics,
  ) {}

  /** Call it once, when the response is out or can no longer be sent. */
  recordResponse(context: RequestContext, response: ServerResponse): void {
    this.record(context, response.headersSent ? response.statusCode : null, !response.writableFinished);
  }

  /** @param status null if the client was gone before the response began */
  record(context: RequestContext, status: number | null, aborted: boolean): void {
    const { endpoint, client } = context;
    this.metrics.count(this.listener, endpoint, client, status);
    const level = context.isQuiet ? 'debug' : 'info';
    if (!this.logger.isLevelEnabled(level)) {
      return;
    }
    const { caller, verdict, failure, startedMs } = context;
    this.logger.plain(
      level,
      {
        // Always there; null if unknown.
        request_id: context.requestId,
        support_id: context.supportId,
        listener: this.listener,
        method: context.method,
        // Never the path, which may contain anything that a client sends.
        endpoint,
        client,
        status,
        duration_ms: startedMs === null ? null : Math.round((performance.now() - startedMs) * 100) / 100,
        key_id: caller?.kind === 'key' ? caller.keyId : (verdict?.key?.keyId ?? null),
        organization_id: caller?.organizationId ?? verdict?.key?.organizationId ?? null,
        remote_address: context.remoteAddress,
        aborted,
        // Left out unless they apply.
        verdict: verdict?.code,
        verifications: context.verifications ?? undefined,
        error_code: failure?.code,
        detail: failure?.detail,
      },
      'request',
    );
  }
}
