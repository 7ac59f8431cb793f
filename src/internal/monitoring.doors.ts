import { Injectable } from '@nestjs/common';
import { DatabaseProbe } from '../health/database-probe.js';
import { HealthResponse } from '../health/health.response.js';
import { ProcessMetrics } from '../health/process-metrics.js';
import { Readiness } from '../health/readiness.js';
import type { CallAnswer } from './call.js';
import type { InternalDoor } from './internal-door.js';
import { envelopeFailure, jsonAnswer } from './json-answer.js';

/** Health and metrics: for orchestrators and Prometheus, in their own standards, without a token. */
abstract class MonitoringDoor implements InternalDoor {
  abstract readonly name: string;
  readonly credential = 'none';
  readonly methods = ['GET', 'HEAD'];
  readonly isQuiet = true;
  readonly failed = envelopeFailure;

  abstract answer(): Promise<CallAnswer>;
}

/** `GET /health/live`, as on the public listener. */
@Injectable()
export class LiveDoor extends MonitoringDoor {
  readonly name = 'health';

  constructor(
    private readonly readiness: Readiness,
    private readonly database: DatabaseProbe,
  ) {
    super();
  }

  answer(): Promise<CallAnswer> {
    return Promise.resolve(jsonAnswer(200, HealthResponse.from(this.readiness.phase, this.database.lastSeen)));
  }
}

/** `GET /health/ready`, as on the public listener. */
@Injectable()
export class ReadyDoor extends MonitoringDoor {
  readonly name = 'health';

  constructor(
    private readonly readiness: Readiness,
    private readonly database: DatabaseProbe,
  ) {
    super();
  }

  async answer(): Promise<CallAnswer> {
    const { phase } = this.readiness;
    return jsonAnswer(phase === 'ready' ? 200 : 503, HealthResponse.from(phase, await this.database.state()));
  }
}

/** `GET /metrics`, in Prometheus' text format. */
@Injectable()
export class MetricsDoor extends MonitoringDoor {
  readonly name = 'metrics';

  constructor(private readonly metrics: ProcessMetrics) {
    super();
  }

  async answer(): Promise<CallAnswer> {
    const { contentType } = this.metrics;
    return { status: 200, headers: ['Content-Type', contentType], body: await this.metrics.text() };
  }
}
