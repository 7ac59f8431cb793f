import { Injectable } from '@nestjs/common';
import { In, IsNull, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { Page } from '../common/page.js';
import { bytesToId, idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { ApiKey } from './api-key.entity.js';

export const API_KEY_STATUSES = ['active', 'disabled', 'expired'] as const;
export type ApiKeyStatus = (typeof API_KEY_STATUSES)[number];

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

const HAS_STATUS = {
  active: 'k.disabled_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > UTC_TIMESTAMP())',
  disabled: 'k.disabled_at IS NOT NULL',
  expired: 'k.disabled_at IS NULL AND k.expires_at <= UTC_TIMESTAMP()',
} as const satisfies Record<ApiKeyStatus, string>;

/** One page of an organization's keys, newest first, at a cost that does not grow with their number. */
@Injectable()
export class ApiKeysPageQuery {
  /**
   * With a status, a page may hold fewer keys than its limit, even none, and still have a next one: when many keys have that
   * status, and the next of them are far behind. Each key is on exactly one page all the same.
   */
  async find(manager: EntityManager, organizationId: OrganizationId, page: ApiKeysPage): Promise<Page<ApiKey>> {
    const search = new Search(manager, organizationId, page);
    const most = page.limit + 1;
    if (page.status === undefined) {
      return pageOf(await search.keys({ limit: most }), page.limit, null);
    }
    const found: ApiKey[] = [];
    let { after } = page;
    for (const length of STRETCHES) {
      const last = await search.idAt(length - 1, after);
      found.push(...(await search.keys({ after, last, status: page.status, limit: most - found.length })));
      if (found.length > page.limit || last === null) {
        return pageOf(found, page.limit, null);
      }
      if (after === page.after && (await search.areFew(page.status))) {
        const all = { by: 'status', status: page.status, limit: most } as const;
        return pageOf(await search.keys(all), page.limit, null);
      }
      after = last;
    }
    return pageOf(found, page.limit, after ?? null);
  }
}

/** @param unseen after which key the next page begins when the limit was not passed; null when there is nothing more */
function pageOf(found: readonly ApiKey[], limit: number, unseen: ApiKeyId | null): Page<ApiKey> {
  const items = found.slice(0, limit);
  return new Page(items, found.length > limit ? (items.at(-1)?.id ?? null) : unseen);
}

/** Which of the keys that a page may hold. */
interface Part {
  /** By which index they are found: in the order of ids unless told otherwise. */
  readonly by?: 'id' | 'status';
  readonly status?: ApiKeyStatus;
  /** Older than this one; that of the page unless given. */
  readonly after?: ApiKeyId | undefined;
  /** Not older than this one. */
  readonly last?: ApiKeyId | null;
  readonly limit: number;
  readonly offset?: number;
}

/**
 * Looks at keys through an index that holds all that is asked of them, and reads the rows of those alone that are shown. The
 * indexes are forced: left to themselves, servers take the primary key, and walk over the keys of everybody, or the right index
 * from its wrong end.
 */
class Search {
  constructor(
    private readonly manager: EntityManager,
    private readonly organizationId: OrganizationId,
    private readonly page: ApiKeysPage,
  ) {}

  /** Newest first. */
  async keys(part: Part): Promise<ApiKey[]> {
    const keys = await this.manager
      .createQueryBuilder(ApiKey, 'api_key')
      .innerJoin(this.ids(part, 'newest first'), 'page', 'page.id = api_key.id')
      .setParameters(this.parameters(part))
      .getMany();
    return keys.sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** The id of the key at this place, counted from the newest one, or from a cursor; null when there are not so many. */
  async idAt(place: number, after: ApiKeyId | undefined): Promise<ApiKeyId | null> {
    const [found] = await this.read({ after, limit: 1, offset: place }, 'newest first');
    return found ?? null;
  }

  /** Whether no more than a few keys of the organization have the status. */
  async areFew(status: ApiKeyStatus): Promise<boolean> {
    return (await this.read({ by: 'status', status, limit: 1, offset: FEW }, 'any order')).length === 0;
  }
