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
import { ApiKeyNotFoundError } from './api-keys.errors.js';
import { ApiKeysListing } from './api-keys.listing.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeyWithMetricsResponse } from './dto/api-key-with-metrics.response.js';
import type { ApiKeyResponse } from './dto/api-key.response.js';
import type { ListApiKeysQuery } from './dto/list-api-keys.query.js';

/** Pages of at most this many keys are small, so they need no admission of their own. */
const SMALL_PAGE = 20;

/** The read side of API keys: those of the caller's organization, with masked secrets. */
@Injectable()
export class ApiKeysQueries {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly listing: ApiKeysListing,
    private readonly metrics: ApiKeyMetricsRepository,
    private readonly pages: PageAdmission,
  ) {}

  /**
   * One page of the organization's keys, newest first. It is shorter than `limit` if it would
   * exceed 1 MB.
   */
  async list(caller: Caller, query: ListApiKeysQuery): Promise<Page<ApiKeyResponse>> {
    const { limit, after, status, created_by: createdBy } = query;
    const { organizationId } = caller;
    const work = { tenant: organizationId, key: admissionKeyOf(caller), waitMs: REQUEST_WAIT_MS, queue: 'pages' };
    const find = () =>
      this.database
        .onBehalfOf(organizationId)
        .read((manager) => this.listing.find(manager, organizationId, { limit, after, status, createdBy }));
    return limit > SMALL_PAGE ? runAdmitted(this.pages, work, find) : find();
  }

  /** One key with its metrics. @throws ApiKeyNotFoundError */
  async get(caller: Caller, id: ApiKeyId): Promise<ApiKeyWithMetricsResponse> {
    return this.database.onBehalfOf(caller.organizationId).read((manager) => this.read(manager, caller, id));
  }

  /** The same, inside a transaction. @throws ApiKeyNotFoundError */
  async read(manager: EntityManager, caller: Caller, id: ApiKeyId): Promise<ApiKeyWithMetricsResponse> {
    const key = await this.keys.findOwned(manager, caller.organizationId, id);
    if (key === null) {
      throw new ApiKeyNotFoundError(id);
    }
    const masked = await this.keys.maskedSecrets(manager, [id]);
    return ApiKeyWithMetricsResponse.withMetrics(key, masked.get(id) ?? '', await this.metrics.get(manager, id));
  }
}
