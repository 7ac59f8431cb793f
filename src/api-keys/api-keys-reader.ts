import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../common/access/caller.js';
import type { Page } from '../common/page.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import { Database } from '../database/database.js';
import { ApiKeyMetricsRepository } from '../usage/api-key-metrics.repository.js';
import { ApiKeysPageQuery } from './api-keys-page.query.js';
import { ApiKeyNotFoundError } from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeyWithMetricsResponse } from './dto/api-key-with-metrics.response.js';
import { ApiKeyResponse } from './dto/api-key.response.js';
import type { ListApiKeysQuery } from './dto/list-api-keys.query.js';

/** Shows the keys of the caller's organization; secrets are masked. */
@Injectable()
export class ApiKeysReader {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly pages: ApiKeysPageQuery,
    private readonly metrics: ApiKeyMetricsRepository,
  ) {}

  /** One page of the organization's keys, newest first, secrets masked. */
  async list(caller: Caller, query: ListApiKeysQuery): Promise<Page<ApiKeyResponse>> {
    const { limit, after, status, created_by: createdBy } = query;
    return this.database.onBehalfOf(caller.organizationId).read(async (manager) => {
      const page = await this.pages.find(manager, caller.organizationId, { limit, after, status, createdBy });
      const masked = await this.keys.maskedSecrets(
        manager,
        page.items.map(({ id }) => id),
      );
      return page.map((key) => ApiKeyResponse.from(key, masked.get(key.id) ?? ''));
    });
  }

  /** One key with its metrics, secret masked. @throws ApiKeyNotFoundError */
  async get(caller: Caller, id: ApiKeyId): Promise<ApiKeyWithMetricsResponse> {
    return this.database.onBehalfOf(caller.organizationId).read((manager) => this.read(manager, caller, id));
  }

  /** The same, as a transaction under way sees it. @throws ApiKeyNotFoundError */
  async read(manager: EntityManager, caller: Caller, id: ApiKeyId): Promise<ApiKeyWithMetricsResponse> {
    const key = await this.keys.findOwned(manager, caller.organizationId, id);
    if (key === null) {
      throw new ApiKeyNotFoundError(id);
    }
    const masked = await this.keys.maskedSecrets(manager, [id]);
    return ApiKeyWithMetricsResponse.withMetrics(key, masked.get(id) ?? '', await this.metrics.get(manager, id));
  }
}
