import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { PublicRoute } from '../common/access/public-route.js';
import { HEALTH_PATH } from '../contract/non-api-paths.js';
import { SkipEnvelope } from '../contract/skip-envelope.decorator.js';
import { HealthResponse } from './health.response.js';
import { HealthService } from './health.service.js';

/** Health, for orchestrators: plain statuses, no envelope. */
@ApiTags('Health')
@PublicRoute()
@SkipEnvelope()
@Controller(HEALTH_PATH)
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({
    summary: 'Whether the process runs',
    description: 'Does not query the database: restarting the process would not fix that.',
  })
  @ApiOkResponse({
    type: HealthResponse,
    description: 'The process is running.',
    example: HealthResponse.from('ready', 'reachable'),
  })
  live(): HealthResponse {
    return this.health.live().body;
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Whether the process takes requests',
    description:
      'For load balancers. A database that cannot be reached does not make the process unready: requests are answered, with 503.',
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
    const { status, body } = await this.health.ready();
    response.status(status);
    return body;
  }
}
