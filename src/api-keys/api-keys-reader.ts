import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PageAdmission } from '../admission/list-admission.js';
import { admissionKeyOf, REQUEST_WAIT_MS } from '../admission/wait-for-turn.js';
import { runAdmitted } from '../common/admission/run-admitted.js';
import type { Caller } from '../common/access/caller.js';
import type { Page } from '../contract/page.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import { Database } from '../database/database.js';
import { ApiKeyMetricsRepository } from '../usage/api-key-metrics.repository.js';
import { ApiKeysListQuery } from './api-keys-list.query.js';
import { ApiKeyNotFoundError } from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeyWithMetricsResponse } from './dto/api-key-with-metrics.response.js';
import type { ApiKeyResponse } from './dto/api-key.response.js';
import type { ListApiKeysQuery } from './dto/list-api-keys.query.js';

/**
 * A page of no more keys than this is small, whatever the keys, and needs no admission of its own.
 */
const SMALL_PAGE = 20;

/** Shows the keys of the caller's organization; secrets are masked. */
@Injectable()
export class ApiKeysReader {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly lists: ApiKeysListQuery,
    private readonly metrics: ApiKeyMetricsRepository,
    private readonly pages: PageAdmission,
  ) {}

  /**
   * One page of the organization's keys, newest first, secrets masked; shorter than asked for where
   * it would pass 1 MB.
   */
  async list(caller: Caller, query: ListApiKeysQuery): Promise<Page<ApiKeyResponse>> {
    const { limit, after, status, created_by: createdBy } = query;
    const { organizationId } = caller;
    const work = { tenant: organizationId, key: admissionKeyOf(caller), waitMs: REQUEST_WAIT_MS, queue: 'pages' };
    const find = () =>
      this.database
        .onBehalfOf(organizationId)
        .read((manager) => this.lists.find(manager, organizationId, { limit, after, status, createdBy }));
    return limit > SMALL_PAGE ? runAdmitted(this.pages, work, find) : find();
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
