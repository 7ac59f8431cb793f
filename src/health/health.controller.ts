import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { PublicRoute } from '../common/access/public-route.js';
import { SkipEnvelope } from '../contract/skip-envelope.decorator.js';
import { DatabaseProbe } from './database-probe.js';
import { HealthResponse } from './health.response.js';
import { Readiness } from './readiness.js';

/** Health, for orchestrators: plain statuses, no envelope. */
@ApiTags('Health')
@PublicRoute()
@SkipEnvelope()
@Controller('health')
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly database: DatabaseProbe,
  ) {}

  @Get('live')
  @ApiOperation({
    summary: 'Whether the process runs',
    description: 'Asks nothing of the database: restarting the process would not mend that.',
  })
  @ApiOkResponse({
    type: HealthResponse,
    description: 'It does.',
    example: HealthResponse.from('ready', 'reachable'),
  })
  live(): HealthResponse {
    return HealthResponse.from(this.readiness.phase, this.database.lastSeen);
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Whether the process takes requests',
    description:
      'For load balancers. A database that is away does not make it unready: requests are answered, with 503.',
  })
  @ApiOkResponse({
    type: HealthResponse,
    description: 'Started, migrated and not draining. The state of the database is in the body.',
    example: HealthResponse.from('ready', 'reachable'),
  })
  @ApiServiceUnavailableResponse({
    type: HealthResponse,
    description: 'Starting or draining.',
    example: HealthResponse.from('draining', 'reachable'),
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthResponse> {
    response.status(this.readiness.phase === 'ready' ? 200 : 503);
    return HealthResponse.from(this.readiness.phase, await this.database.state());
  }
}
