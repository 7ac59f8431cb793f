import { SCOPE_CATALOGUE, type Scope } from '../common/access/scope.js';
import type { ScopeSet } from '../common/access/scope-set.js';
import { IpAllowList } from '../common/net/ip-allow-list.js';
import { mysqlDateTimeToMs, type MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';

/**
 * What the database says about a key, compiled for decisions. It is not a verdict: the time, the
 * address and the required scopes come with each attempt.
 */
export interface KeySnapshot {
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly label: string;
  readonly scopes: ScopeSet<Scope>;
  /** Null: any address. */
  readonly allowList: IpAllowList | null;
  /** The moment of expiry in milliseconds since the epoch. Null: never. */
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

/** The lists of a key, compiled for decisions. */
export interface CompiledLists {
  readonly scopes: ScopeSet<Scope>;
  readonly allowList: IpAllowList | null;
}

/** Compiles the lists of a key. @throws Error for a network that cannot be parsed */
export function compileLists({ scopes, ipAllowList }: Pick<StoredKey, 'scopes' | 'ipAllowList'>): CompiledLists {
  return {
    scopes: SCOPE_CATALOGUE.setOf(scopes),
    allowList: ipAllowList.length === 0 ? null : IpAllowList.compile(ipAllowList),
  };
}

/** Compiles a stored key. @param lists its lists, if they are compiled already */
export function compileSnapshot(
  key: StoredKey,
  organizationActive: boolean,
  lists: CompiledLists = compileLists(key),
): KeySnapshot {
  return {
    keyId: key.id,
    organizationId: key.organizationId,
    label: key.label,
    scopes: lists.scopes,
    allowList: lists.allowList,
    expiresAtMs: key.expiresAt === null ? null : mysqlDateTimeToMs(key.expiresAt),
    organizationActive,
    deleted: key.deletedAt !== null,
    disabled: key.disabledAt !== null,
  };
}
