import { LRUCache } from 'lru-cache';
import { scopeSetOf, type ScopeSet } from '../common/access/scope.js';
import { IpAllowList } from '../common/net/ip-allow-list.js';
import { mysqlDateTimeToMs, type MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';

/**
 * What the database says of a key, compiled for deciding. Facts are never verdicts: the time, the address and the scopes
 * asked for come with each attempt.
 */
export interface KeySnapshot {
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly label: string;
  readonly scopes: ScopeSet;
  /** Null: any address. */
  readonly allowList: IpAllowList | null;
  /** Milliseconds since the epoch; the key is expired from this moment on. Null: never. */
  readonly expiresAtMs: number | null;
  readonly organizationActive: boolean;
  readonly deleted: boolean;
  readonly disabled: boolean;
}

/** A key as the database stores it. */
export interface StoredKey {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly label: string;
  readonly scopes: readonly string[];
  /** Canonical networks; empty: any address. */
  readonly ipAllowList: readonly string[];
  readonly expiresAt: MysqlDateTime | null;
  readonly disabledAt: MysqlDateTime | null;
  readonly deletedAt: MysqlDateTime | null;
}

/**
 * The lists that were compiled last: the keys of an organization often have the same one, which
 * takes room and never changes.
 */
const ALLOW_LISTS = new LRUCache<string, IpAllowList, readonly string[]>({
  max: 1_000,
  maxSize: 8_000_000,
  sizeCalculation: (list, text) => list.bytes + text.length,
  memoMethod: (_text, _stale, { context }) => IpAllowList.compile(context),
});

/** Compiles a stored key. */
export function compileSnapshot(key: StoredKey, organizationActive: boolean): KeySnapshot {
  return {
    keyId: key.id,
    organizationId: key.organizationId,
    label: key.label,
    scopes: scopeSetOf(key.scopes),
    allowList:
      key.ipAllowList.length === 0
        ? null
        : ALLOW_LISTS.memo(JSON.stringify(key.ipAllowList), { context: key.ipAllowList }),
    expiresAtMs: key.expiresAt === null ? null : mysqlDateTimeToMs(key.expiresAt),
    organizationActive,
    deleted: key.deletedAt !== null,
    disabled: key.disabledAt !== null,
  };
}
