import { Injectable } from '@nestjs/common';
import { DatabaseProbe } from '../health/database-probe.js';
import { HealthResponse } from '../health/health.response.js';
import { ProcessMetrics } from '../health/process-metrics.js';
import { Readiness } from '../health/readiness.js';
import type { InternalResponse } from './internal-request.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import { failureResponse, jsonResponse } from './json-response.js';

/** Health and metrics: for orchestrators and Prometheus, in their own standards, without a token. */
abstract class MonitoringEndpoint implements InternalEndpoint {
  abstract readonly name: string;
  readonly credential = 'none';
  readonly methods = ['GET', 'HEAD'];
  readonly isQuiet = true;
  readonly failed = failureResponse;

  abstract answer(): Promise<InternalResponse>;
}

/** `GET /health/live`, as on the public listener. */
@Injectable()
export class LivenessEndpoint extends MonitoringEndpoint {
  readonly name = 'health';

  constructor(
    private readonly readiness: Readiness,
    private readonly database: DatabaseProbe,
  ) {
    super();
  }

  answer(): Promise<InternalResponse> {
    return Promise.resolve(jsonResponse(200, HealthResponse.from(this.readiness.phase, this.database.lastSeen)));
  }
}

/** `GET /health/ready`, as on the public listener. */
@Injectable()
export class ReadinessEndpoint extends MonitoringEndpoint {
  readonly name = 'health';

  constructor(
    private readonly readiness: Readiness,
    private readonly database: DatabaseProbe,
  ) {
    super();
  }

  async answer(): Promise<InternalResponse> {
    const { phase } = this.readiness;
    return jsonResponse(phase === 'ready' ? 200 : 503, HealthResponse.from(phase, await this.database.state()));
  }
}

/** `GET /metrics`, in Prometheus' text format. */
@Injectable()
export class MetricsEndpoint extends MonitoringEndpoint {
  readonly name = 'metrics';

  constructor(private readonly metrics: ProcessMetrics) {
    super();
  }

  async answer(): Promise<InternalResponse> {
    const { contentType } = this.metrics;
    return { status: 200, headers: ['Content-Type', contentType], body: await this.metrics.text() };
  }
}
