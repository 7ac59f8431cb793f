import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { AsciiJson } from '../../common/ascii-json.js';
import { mysqlDateTimeToMs, type MysqlDateTime } from '../../common/mysql-datetime.js';
import type { KeyRecord } from '../../common/access/caller.js';
import { SCOPE_CATALOGUE, type Scope } from '../../common/access/scope.js';
import type { ScopeSet } from '../../common/access/scope-set.js';
import { IpAllowList } from '../../common/net/ip-allow-list.js';
import { bytesToId, type ApiKeyId, type OrganizationId } from '../../common/prefixed-id.js';
import { bindingTextOf, digestTextOf, type BindingText, type DigestText } from '../../secrets/pepper-keyring.js';
import { compileSnapshot, type KeySnapshot } from '../../decision/key-snapshot.js';

/** A key snapshot, and the part of the key that its bearer may see. */
export interface VerifiedKey extends KeySnapshot {
  readonly record: KeyRecord;
  /** The JSON of the key in a response of /verify. Created with the first response. */
  responseJson: AsciiJson | null;
}

/** A stored secret, compiled for verification. */
export interface CachedSecret {
  readonly secretId: string;
  /** Null: imported and not used since. */
  readonly digest: DigestText | null;
  readonly pepperVersion: number | null;
  /** The bcrypt record. Read only if recovery is on. */
  readonly secretHash: string | null;
  readonly key: VerifiedKey;
  /** The key and the organization that the digest is bound to. */
  readonly binding: BindingText;
  /** When the last query was sent, on the monotonic clock: the data was current then, or later. */
  readAtMs: number;
}

/** A row of the query of verification. */
export interface CachedSecretRow {
  readonly secret_id: Buffer;
  readonly digest: Buffer | null;
  readonly pepper_version: number | null;
  readonly secret_hash: string | null;
  readonly masked: string;
  readonly not_after: MysqlDateTime | null;
  readonly key_id: Buffer;
  readonly organization_id: Buffer;
  readonly label: string;
  readonly description: string | null;
  readonly scopes: unknown;
  readonly ip_allow_list: unknown;
  readonly expires_at: MysqlDateTime | null;
  readonly created_at: MysqlDateTime;
  readonly updated_at: MysqlDateTime | null;
  readonly disabled_at: MysqlDateTime | null;
  readonly deleted_at: MysqlDateTime | null;
  readonly deactivated_at: MysqlDateTime | null;
}

/**
 * @throws TypeError for a malformed row, which must not verify: an empty allow-list would mean any
 * address
 */
export function compileCachedSecret(secretId: string, row: CachedSecretRow, readAtMs: number): CachedSecret {
  const key = verifiedKey(row);
  return {
    secretId: copyOf(secretId),
    digest: row.digest === null ? null : digestTextOf(row.digest),
    pepperVersion: row.pepper_version,
    secretHash: row.secret_hash,
    key,
    binding: bindingTextOf(key),
    readAtMs,
  };
}

/** Whether two snapshots are equal, apart from their time and the cached JSON. */
export function isSameSnapshot(a: CachedSecret, b: CachedSecret): boolean {
  return isDeepStrictEqual(comparable(a), comparable(b));
}

function comparable({ key, ...secret }: CachedSecret): object {
  return { ...secret, readAtMs: undefined, key: { ...key, responseJson: undefined } };
}

/** A copy, because a substring of V8 keeps its parent in memory, which is the secret. */
function copyOf(secretId: string): string {
  return Buffer.from(secretId, 'latin1').toString('latin1');
}

/**
 * The last organization ids, so that the keys of one organization share one string.
 * perf: docs/performance.md#measured-and-below-3-
 */
const ORGANIZATION_IDS = new LRUCache<OrganizationId, OrganizationId>({ max: 1_000, memoMethod: (id) => id });
/**
 * The last lists of scopes, by the text of the column. Keys share few lists, and a list can be
 * larger than its key.
 */
const SCOPE_LISTS = new LRUCache<string, { readonly names: readonly Scope[]; readonly set: ScopeSet<Scope> }>({
  max: 1_000,
  maxSize: 1_000_000,
  sizeCalculation: (_scopes, text) => text.length + 1,
  memoMethod: (text) => {
    const names = jsonTexts(text).filter((name) => SCOPE_CATALOGUE.has(name));
    return { names, set: SCOPE_CATALOGUE.setOf(names) };
  },
});
/** The last allow-lists, by the text of the column. The keys of an organization often share one. */
const ALLOW_LISTS = new LRUCache<string, IpAllowList, readonly string[]>({
  max: 1_000,
  maxSize: 8_000_000,
  sizeCalculation: (list, text) => list.bytes + text.length,
  memoMethod: (_text, _stale, { context }) => IpAllowList.compile(context),
});

/**
 * The part of a key that its bearer may see. The networks are stored once, compiled, and formatted
 * from there.
 */
class StoredKeyRecord implements KeyRecord {
  id!: ApiKeyId;
  organizationId!: OrganizationId;
  label!: string;
  description!: string | null;
  masked!: string;
  scopes!: readonly Scope[];
  expiresAt!: MysqlDateTime | null;
  createdAt!: MysqlDateTime;
  updatedAt!: MysqlDateTime | null;
  allowList!: IpAllowList | null;

  get ipAllowList(): readonly string[] {
    return this.allowList?.entries ?? [];
  }
}

function verifiedKey(row: CachedSecretRow): VerifiedKey {
  const scopes = SCOPE_LISTS.memo(typeof row.scopes === 'string' ? row.scopes : JSON.stringify(row.scopes));
  const ipAllowList = jsonTexts(row.ip_allow_list);
  const shown = {
    id: bytesToId('api_key_', row.key_id),
    organizationId: ORGANIZATION_IDS.memo(bytesToId('org_', row.organization_id)),
    label: row.label,
    description: row.description,
    masked: row.masked,
    scopes: scopes.names,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  const stored = {
    ...shown,
    ipAllowList,
    expiresAt: earlier(row.expires_at, row.not_after),
    disabledAt: row.disabled_at,
    deletedAt: row.deleted_at,
  };
  const allowList =
    ipAllowList.length === 0 ? null : ALLOW_LISTS.memo(JSON.stringify(ipAllowList), { context: ipAllowList });
  const snapshot = compileSnapshot(stored, row.deactivated_at === null, { scopes: scopes.set, allowList });
  // Assigned, not spread: V8 gives each spread object a shape of its own (ADR 11).
  const record = Object.assign(new StoredKeyRecord(), shown, { allowList });
  return Object.assign(snapshot, { record, responseJson: null });
}

/** Milliseconds since the epoch of a DATETIME(3). */
export function serverTimeToMs(text: string): number {
  const [seconds = '', fraction = '0'] = text.split('.');
  return mysqlDateTimeToMs(seconds as MysqlDateTime) + Number(`0.${fraction}`) * 1_000;
}

/** A JSON column of strings, which MySQL returns parsed and MariaDB as text. */
function jsonTexts(value: unknown): string[] {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  if (!Array.isArray(parsed)) {
    throw new TypeError('a stored list is malformed');
  }
  return parsed.map(String);
}

function earlier(a: MysqlDateTime | null, b: MysqlDateTime | null): MysqlDateTime | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return a < b ? a : b;
}
