import { Injectable } from '@nestjs/common';
import { HEALTH_PATH } from '../contract/non-api-paths.js';
import { HealthService } from '../health/health.service.js';
import { ProcessMetrics } from '../health/process-metrics.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import type { InternalResponse } from './internal-request.js';
import { envelopeFailure, jsonResponse } from './json-response.js';

/** Health and metrics: for orchestrators and Prometheus, in their own formats, without a token. */
abstract class MonitoringEndpoint implements InternalEndpoint {
  abstract readonly path: string;
  abstract readonly name: string;
  readonly credential = 'none';
  readonly methods = ['GET', 'HEAD'];
  readonly isQuiet = true;
  readonly formatFailure = envelopeFailure;

  abstract handle(): Promise<InternalResponse>;
}

/** `GET /health/live`, as on the public listener. */
@Injectable()
export class LivenessEndpoint extends MonitoringEndpoint {
  readonly path = `${HEALTH_PATH}/live`;
  readonly name = 'health';

  constructor(private readonly health: HealthService) {
    super();
  }

  handle(): Promise<InternalResponse> {
    const { status, body } = this.health.live();
    return Promise.resolve(jsonResponse(status, body));
  }
}

/** `GET /health/ready`, as on the public listener. */
@Injectable()
export class ReadinessEndpoint extends MonitoringEndpoint {
  readonly path = `${HEALTH_PATH}/ready`;
  readonly name = 'health';

  constructor(private readonly health: HealthService) {
    super();
  }

  async handle(): Promise<InternalResponse> {
    const { status, body } = await this.health.ready();
    return jsonResponse(status, body);
  }
}

/** `GET /metrics`, in Prometheus' text format. */
@Injectable()
export class MetricsEndpoint extends MonitoringEndpoint {
  readonly path = '/metrics';
  readonly name = 'metrics';

  constructor(private readonly metrics: ProcessMetrics) {
    super();
  }

  async handle(): Promise<InternalResponse> {
    const { contentType } = this.metrics;
    return { status: 200, headers: ['Content-Type', contentType], body: await this.metrics.text() };
  }
}
