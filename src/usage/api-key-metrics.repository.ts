import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { parseMysqlDateTime, type MysqlDateTime } from '../common/mysql-datetime.js';
import { idToBytes, type ApiKeyId } from '../common/prefixed-id.js';

/** The usage of a key. */
export interface ApiKeyMetrics {
  readonly totalRequests: number;
  /** Null: never. */
  readonly lastUsedAt: MysqlDateTime | null;
}

const UNUSED: ApiKeyMetrics = { totalRequests: 0, lastUsedAt: null };

/** Reads the counts that the meter has written. They lag behind by at most one flush interval. */
@Injectable()
export class ApiKeyMetricsRepository {
  /** The metrics of a key; zero for a key without uses. */
  async get(manager: EntityManager, keyId: ApiKeyId): Promise<ApiKeyMetrics> {
    const [row] = await manager.query<{ total_requests: number | string; last_used_at: string }[]>(
      'SELECT total_requests, last_used_at FROM api_key_metrics WHERE key_id = ?',
      [idToBytes('api_key_', keyId)],
    );
    return row === undefined
      ? UNUSED
      : { totalRequests: Number(row.total_requests), lastUsedAt: parseMysqlDateTime(row.last_used_at) };
  }
}
