import type { EntityManager } from 'typeorm';
import { bytesToId, idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { Page } from '../contract/page.js';
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
 * No index has the keys of one status newest first, because time alone changes the status of a key.
 * So all keys are searched from the newest: first a short range, which nearly always suffices, then
 * a long one, and no further.
 */
const RANGES = [2_000, 18_000] as const;
/** If at most this many keys have the status, all of them are read and sorted. */
const MAX_SORTED = 5_000;

/**
 * One page of an organization's keys, newest first, at a cost that does not grow with their number.
 * With a status, a page can hold fewer keys than its limit, even none, and still have a next page:
 * when many keys have that status and the next of them are far behind. Each key is on exactly one
 * page.
 */
export async function findPage(
  manager: EntityManager,
  organizationId: OrganizationId,
  page: ApiKeysPage,
): Promise<Page<ApiKey>> {
  const { limit, status, after } = page;
  const search = new ApiKeysSearch(manager, organizationId, page.createdBy);
  return status === undefined
    ? pageOf(await search.newest({ after, limit: limit + 1 }), limit, null)
    : findOfStatus(search, { ...page, status });
}

async function findOfStatus(
  search: ApiKeysSearch,
  { limit, status, after }: ApiKeysPage & { readonly status: ApiKeyStatus },
): Promise<Page<ApiKey>> {
  const found: ApiKey[] = [];
  let seen = after;
  for (const length of RANGES) {
    const last = await search.idAt(length, seen);
    found.push(...(await search.newest({ status, after: seen, last, limit: limit + 1 - found.length })));
    if (found.length > limit || last === null) {
      return pageOf(found, limit, null);
    }
    if (seen === after && (await search.isAtMost(MAX_SORTED, status))) {
      return pageOf(await search.newestOfFew({ status, after, limit: limit + 1 }), limit, null);
    }
    seen = last;
  }
  return pageOf(found, limit, seen ?? null);
}

/**
 * @param unseen where the next page begins if the limit was not exceeded; null if there is no next
 * page
 */
function pageOf(found: readonly ApiKey[], limit: number, unseen: ApiKeyId | null): Page<ApiKey> {
  const items = found.slice(0, limit);
  return new Page(items, found.length > limit ? (items.at(-1)?.id ?? null) : unseen);
}

/** The condition of a search. */
interface Wanted {
  readonly status?: ApiKeyStatus;
  /** Older than this id; compared, never looked up. */
  readonly after: ApiKeyId | undefined;
  /** Not older than this id; null: of any age. */
  readonly last?: ApiKeyId | null;
  readonly limit: number;
}

const HAS_STATUS = {
  active: '(k.disabled_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > UTC_TIMESTAMP()))',
  disabled: 'k.disabled_at IS NOT NULL',
  expired: '(k.disabled_at IS NULL AND k.expires_at <= UTC_TIMESTAMP())',
} as const satisfies Record<ApiKeyStatus, string>;

const BY_STATUS = 'api_keys_by_status';

/**
 * Searches the keys of an organization in a covering index, and reads only the rows that the page
 * shows. The indexes are forced, because otherwise a server may scan the primary key, across all
 * organizations, or the right index from the wrong end.
 */
class ApiKeysSearch {
  constructor(
    private readonly manager: EntityManager,
    private readonly organizationId: OrganizationId,
    /** Only keys that this key created. */
    private readonly createdBy: ApiKeyId | undefined,
  ) {}

  /** The newest keys that match. Reads every key, matching or not, down to the last match. */
  async newest(wanted: Wanted): Promise<ApiKey[]> {
    return this.read(this.ids(this.byId, wanted), wanted);
  }

  /** The same. Reads all keys of that status, and no others. */
  async newestOfFew(wanted: Wanted): Promise<ApiKey[]> {
    return this.read(this.ids(BY_STATUS, wanted), wanted);
  }

  /** The id of the `count`-th key after the cursor; null if there are fewer. */
  async idAt(count: number, after: ApiKeyId | undefined): Promise<ApiKeyId | null> {
    const wanted = { after, limit: 1 };
    const [row] = await this.manager
      .createQueryBuilder()
      .select('page.id', 'id')
      .from(this.ids(this.byId, wanted, count - 1), 'page')
      .setParameters(this.parameters(wanted))
      .getRawMany<{ id: Buffer }>();
    return row === undefined ? null : bytesToId('api_key_', row.id);
  }

  /**
   * Whether at most `count` keys of the organization have the status, whichever key created them.
   */
  async isAtMost(count: number, status: ApiKeyStatus): Promise<boolean> {
    const oneMore = await this.manager.query<unknown[]>(
      `SELECT 1 FROM api_keys k FORCE INDEX (${BY_STATUS})
        WHERE k.organization_id = ? AND k.deleted_at IS NULL AND ${HAS_STATUS[status]} LIMIT 1 OFFSET ${count}`,
      [idToBytes('org_', this.organizationId)],
    );
    return oneMore.length === 0;
  }

  /** The index in the order of ids. */
  private get byId(): string {
    return this.createdBy === undefined ? 'api_keys_by_organization' : 'api_keys_by_creator';
  }

  private async read(ids: string, wanted: Wanted): Promise<ApiKey[]> {
    const keys = await this.manager
      .createQueryBuilder(ApiKey, 'api_key')
      .innerJoin(ids, 'page', 'page.id = api_key.id')
      .setParameters(this.parameters(wanted))
      .getMany();
    return keys.sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  private ids(index: string, { status, after, last, limit }: Wanted, offset = 0): string {
    const conditions = [
      'k.organization_id = :organization AND k.deleted_at IS NULL',
      ...(this.createdBy === undefined ? [] : ['k.created_by = :createdBy']),
      ...(after === undefined ? [] : ['k.id < :after']),
      ...(last === undefined || last === null ? [] : ['k.id >= :last']),
      ...(status === undefined ? [] : [HAS_STATUS[status]]),
    ];
    return `(SELECT k.id FROM api_keys k FORCE INDEX (${index}) WHERE ${conditions.join(' AND ')} ORDER BY k.id DESC LIMIT ${limit} OFFSET ${offset})`;
  }

  private parameters({ after, last }: Wanted) {
    return {
      organization: idToBytes('org_', this.organizationId),
      ...(this.createdBy !== undefined && { createdBy: idToBytes('api_key_', this.createdBy) }),
      ...(after !== undefined && { after: idToBytes('api_key_', after) }),
      ...(last !== undefined && last !== null && { last: idToBytes('api_key_', last) }),
    };
  }
}
