import { ApiProperty } from '@nestjs/swagger';
import { DATABASE_STATES, type DatabaseState } from './database-probe.js';
import type { LifePhase } from './readiness.js';

/** The body of both health routes. */
export class HealthResponse {
  @ApiProperty({ enum: ['starting', 'ready', 'draining'], example: 'ready' })
  status!: LifePhase;

  @ApiProperty({
    enum: DATABASE_STATES,
    description: 'The result of the last probe, which /health/ready makes; unknown before the first one.',
    example: 'reachable',
  })
  database!: DatabaseState;

  static from(status: LifePhase, database: DatabaseState): HealthResponse {
    return Object.assign(new HealthResponse(), { status, database });
  }
}
