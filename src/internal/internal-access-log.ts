import { Inject, Injectable } from '@nestjs/common';
import type { InFlightRequest } from '../http/in-flight-request.js';
import type { Listener } from '../http/listener.js';
import { reportConnections } from '../http/report-connections.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import type { LogFields } from './internal-request.js';
import { InternalMetrics } from './internal-metrics.js';
import type { Progress } from './internal-request-context.js';

/** Counts each call at the endpoints, and writes its one line in the log. */
@Injectable()
export class InternalAccessLog {
  constructor(
    private readonly metrics: InternalMetrics,
    private readonly httpMetrics: HttpMetrics,
    @Inject(LOGGER) private readonly logger: StructuredLogger,
  ) {}

  /** Counts the connections that the listener refuses or ends by itself. */
  watch(listener: Listener): void {
    reportConnections(listener, 'internal', this.httpMetrics);
  }

  /** Call it once, when the answer is out or can no longer get out. */
  record(progress: Progress, exchange: InFlightRequest): void {
    const { endpoint, caller } = progress;
    const { response } = exchange;
    const status = response.headersSent ? response.statusCode : null;
    this.httpMetrics.count('internal', status);
    this.metrics.count(endpoint?.name ?? '', caller, status ?? 0);
    const level = endpoint?.isQuiet === true ? 'debug' : 'info';
    if (this.logger.isLevelEnabled(level)) {
      this.logger.ready(level, lineOf(progress, exchange, status), 'request');
    }
  }
}

/**
 * The members of a call's line, as JSON. Written out, for to look for what needs an escape takes as long as a decision: ids, and the names of
 * methods, endpoints, callers and codes, are letters, digits, dots, dashes and underscores; only `detail` may be anything, and an address name a network interface.
 */
function lineOf(
  { call: { identity }, endpoint, caller, note }: Progress,
  { request, response, startedMs, remoteAddress }: InFlightRequest,
  status: number | null,
): string {
  const durationMs = Math.round((performance.now() - startedMs) * 100) / 100;
  return (
    `,"request_id":"${identity.requestId}","support_id":"${identity.supportId}","method":${inQuotes(request.method)}` +
    `,"endpoint":${inQuotes(endpoint?.name)},"caller":${inQuotes(caller)},"status":${status},"duration_ms":${durationMs}` +
    (note === undefined ? '' : membersOf(note)) +
    `,"remote_address":${JSON.stringify(remoteAddress ?? null)},"aborted":${!response.writableFinished}`
  );
}

function membersOf(note: LogFields): string {
  const { verdict, verifications, key_id: keyId, organization_id: organizationId, error_code: code, detail } = note;
  return (
    (verdict === undefined ? '' : `,"verdict":"${verdict}"`) +
    (verifications === undefined ? '' : `,"verifications":${verifications}`) +
    (keyId === undefined ? '' : `,"key_id":${inQuotes(keyId)}`) +
    (organizationId === undefined ? '' : `,"organization_id":${inQuotes(organizationId)}`) +
    (code === undefined ? '' : `,"error_code":"${code}"`) +
    (detail === undefined ? '' : `,"detail":${JSON.stringify(detail)}`)
  );
}

/** A text that has nothing to escape, or null. */
function inQuotes(text: string | null | undefined): string {
  return text === null || text === undefined ? 'null' : `"${text}"`;
}
