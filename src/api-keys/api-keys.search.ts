import type { EntityManager } from 'typeorm';
import { bytesToId, idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { ApiKey } from './api-key.entity.js';

export const API_KEY_STATUSES = ['active', 'disabled', 'expired'] as const;
export type ApiKeyStatus = (typeof API_KEY_STATUSES)[number];

/** Which keys are wanted. */
export interface Wanted {
  readonly status?: ApiKeyStatus;
  /** Older than this id; compared, never looked up. */
  readonly after: ApiKeyId | undefined;
  /** Not older than this one; null: however old. */
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
 * Looks for keys of an organization through an index that holds all that is asked of them, and reads the rows of those alone that
 * are shown. The indexes are forced: left to itself, a server may take the primary key, and walk over the keys of everybody, or
 * the right index from the wrong end.
 */
export class ApiKeysSearch {
  constructor(
    private readonly manager: EntityManager,
    private readonly organizationId: OrganizationId,
    /** Only keys that this key created. */
    private readonly createdBy: ApiKeyId | undefined,
  ) {}

  /** The newest keys wanted. Costs as much as the keys, wanted or not, down to the last one. */
  async newest(wanted: Wanted): Promise<ApiKey[]> {
    return this.read(this.ids(this.byId, wanted), wanted);
  }

  /** The same. Costs as much as all keys of that status, and nothing for others. */
  async newestOfFew(wanted: Wanted): Promise<ApiKey[]> {
    return this.read(this.ids(BY_STATUS, wanted), wanted);
  }

  /** The key that is the so-many-th after a cursor, or of all; null when there are not so many. */
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

  /** Whether no more than so many keys of the organization, whoever created them, have the status. */
  async isAtMost(count: number, status: ApiKeyStatus): Promise<boolean> {
    const oneMore = await this.manager.query<unknown[]>(
      `SELECT 1 FROM api_keys k FORCE INDEX (${BY_STATUS})
        WHERE k.organization_id = ? AND k.deleted_at IS NULL AND ${HAS_STATUS[status]} LIMIT 1 OFFSET ${count}`,
      [idToBytes('org_', this.organizationId)],
    );
    return oneMore.length === 0;
  }

  /** The index that has the keys in the order of their ids. */
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
