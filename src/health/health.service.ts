import { Injectable } from '@nestjs/common';
import { DatabaseProbe } from './database-probe.js';
import { HealthResponse } from './health.response.js';
import { Readiness } from './readiness.js';

/** A health check's HTTP status and body. */
export interface HealthResult {
  readonly status: number;
  readonly body: HealthResponse;
}

/** The health checks of both listeners. */
@Injectable()
export class HealthService {
  constructor(
    private readonly readiness: Readiness,
    private readonly database: DatabaseProbe,
  ) {}

  /**
   * Whether the process runs. Never queries the database: restarting the process does not fix that.
   */
  live(): HealthResult {
    return { status: 200, body: HealthResponse.from(this.readiness.phase, this.database.lastSeen) };
  }

  /** Whether the process takes requests: 503 while it starts and while it drains. */
  async ready(): Promise<HealthResult> {
    const { phase } = this.readiness;
    return { status: phase === 'ready' ? 200 : 503, body: HealthResponse.from(phase, await this.database.state()) };
  }
}
