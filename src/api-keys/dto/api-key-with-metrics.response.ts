import { ApiProperty } from '@nestjs/swagger';
import type { MysqlDateTime } from '../../common/mysql-datetime.js';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import type { ApiKeyMetrics } from '../../usage/api-key-metrics.repository.js';
import type { ApiKey } from '../api-key.entity.js';
import { EXAMPLE_KEY, EXAMPLE_METRICS } from './api-key.example.js';
import { ApiKeyResponse, fieldsOf } from './api-key.response.js';

/** How much a key has been used. */
export class ApiKeyMetricsResponse {
  @ApiProperty({ type: String, example: EXAMPLE_METRICS.api_key_id })
  api_key_id!: ApiKeyId;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'The number of requests with this key while it was alive. Up to a second late.',
    example: EXAMPLE_METRICS.total_requests,
  })
  total_requests!: number;

  @ApiProperty({ type: String, format: 'mysql-date-time', nullable: true, example: EXAMPLE_METRICS.last_used_at })
  last_used_at!: MysqlDateTime | null;

  static from(id: ApiKeyId, metrics: ApiKeyMetrics): ApiKeyMetricsResponse {
    return Object.assign(new ApiKeyMetricsResponse(), {
      api_key_id: id,
      total_requests: metrics.totalRequests,
      last_used_at: metrics.lastUsedAt,
    });
  }
}

/** A key as clients see it when they ask for it alone. */
export class ApiKeyWithMetricsResponse extends ApiKeyResponse {
  static override readonly example: unknown = { ...EXAMPLE_KEY, metrics: EXAMPLE_METRICS };

  @ApiProperty({ type: ApiKeyMetricsResponse })
  metrics!: ApiKeyMetricsResponse;

  static withMetrics(key: ApiKey, masked: string, metrics: ApiKeyMetrics): ApiKeyWithMetricsResponse {
    return Object.assign(new ApiKeyWithMetricsResponse(), fieldsOf(key, masked), {
      metrics: ApiKeyMetricsResponse.from(key.id, metrics),
    });
  }
}
