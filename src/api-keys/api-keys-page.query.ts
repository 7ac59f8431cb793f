import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Page } from '../contract/page.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeysSearch, type ApiKeyStatus } from './api-keys.search.js';

/** Which page of an organization's keys. */
export interface ApiKeysPage {
  readonly limit: number;
  /** Only keys older than this id; compared, never looked up. */
  readonly after: ApiKeyId | undefined;
  readonly status: ApiKeyStatus | undefined;
  readonly createdBy: ApiKeyId | undefined;
}

/**
 * No index holds the keys of one status newest first, for a key expires by the mere passing of time. So they are looked for among
 * all, from the newest on: in a short stretch, which is nearly always enough, then in a long one, and no further.
 */
const STRETCHES = [2_000, 18_000] as const;
/** When no more keys than this have the status, they are taken together, wherever they are, and put in order. */
const FEW = 5_000;

/** One page of an organization's keys, newest first, at a cost that does not grow with their number. */
@Injectable()
export class ApiKeysPageQuery {
  /**
   * With a status, a page may hold fewer keys than its limit, even none, and still have a next one: when many keys have that
   * status, and the next of them are far behind. Each key is on exactly one page all the same.
   */
  async find(manager: EntityManager, organizationId: OrganizationId, page: ApiKeysPage): Promise<Page<ApiKey>> {
    const { limit, status, after } = page;
    const search = new ApiKeysSearch(manager, organizationId, page.createdBy);
    return status === undefined
      ? pageOf(await search.newest({ after, limit: limit + 1 }), limit, null)
      : findOfStatus(search, { ...page, status });
  }
}

async function findOfStatus(
  search: ApiKeysSearch,
  { limit, status, after }: ApiKeysPage & { readonly status: ApiKeyStatus },
): Promise<Page<ApiKey>> {
  const found: ApiKey[] = [];
  let seen = after;
  for (const length of STRETCHES) {
    const last = await search.idAt(length, seen);
    found.push(...(await search.newest({ status, after: seen, last, limit: limit + 1 - found.length })));
    if (found.length > limit || last === null) {
      return pageOf(found, limit, null);
    }
    if (seen === after && (await search.isAtMost(FEW, status))) {
      return pageOf(await search.newestOfFew({ status, after, limit: limit + 1 }), limit, null);
    }
    seen = last;
  }
  return pageOf(found, limit, seen ?? null);
}

/** @param unseen after which key the next page begins when the limit was not passed; null when there is nothing more */
function pageOf(found: readonly ApiKey[], limit: number, unseen: ApiKeyId | null): Page<ApiKey> {
  const items = found.slice(0, limit);
  return new Page(items, found.length > limit ? (items.at(-1)?.id ?? null) : unseen);
}
