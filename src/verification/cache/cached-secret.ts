import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { AsciiJson } from '../../common/ascii-json.js';
import { mysqlDateTimeToMs, type MysqlDateTime } from '../../common/mysql-datetime.js';
import type { KeyRecord } from '../../common/access/caller.js';
import { isScope, type Scope } from '../../common/access/scope.js';
import type { IpAllowList } from '../../common/net/ip-allow-list.js';
import { bytesToId, type ApiKeyId, type OrganizationId } from '../../common/prefixed-id.js';
import { bindingTextOf, digestTextOf, type BindingText, type DigestText } from '../../secrets/pepper-keyring.js';
import { compileSnapshot, type KeySnapshot } from '../../decision/key-snapshot.js';

/** A key as verification knows it: the facts, and what its bearer may see of it. */
export interface VerifiedKey extends KeySnapshot {
  readonly record: KeyRecord;
  /** The key as an endpoint answers with it: made with its first answer, and gone with it when something changes. */
  responseJson: AsciiJson | null;
}

/** What the database holds for a secret id, compiled for verification. */
export interface CachedSecret {
  readonly secretId: string;
  /** Null: imported, never seen since. */
  readonly digest: DigestText | null;
  readonly pepperVersion: number | null;
  /** bcrypt of the secret; read only where recovery may need it. */
  readonly secretHash: string | null;
  readonly key: VerifiedKey;
  /** Whom the digest binds the secret to. */
  readonly binding: BindingText;
  /** When the last query that told this was sent, on the monotonic clock: what it says was true then, or later. */
  readAtMs: number;
}

/** A row of the one query that verification makes. */
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

/** @throws TypeError for a row that cannot be understood: it must not verify (an empty allow-list, say, would mean any address) */
export function compileCachedSecret(secretId: string, row: CachedSecretRow, readAtMs: number): CachedSecret {
  const key = verifiedKey(row);
  return {
    secretId: copyOf(secretId),
    digest: row.digest === null ? null : digestTextOf(row.digest),
    pepperVersion: row.pepper_version,
    secretHash: row.secret_hash,
    key,
    binding: bindingTextOf(key),
    // A whole number lies in the object itself, any other in a place of its own: one more to fetch for each verification.
    readAtMs: Math.floor(readAtMs),
  };
}

/** Whether two readings say the same, whenever they were made, and whatever has been answered by them. */
export function isSameSnapshot(a: CachedSecret, b: CachedSecret): boolean {
  return isDeepStrictEqual(whatIsSaid(a), whatIsSaid(b));
}

function whatIsSaid({ key, ...secret }: CachedSecret): object {
  return { ...secret, readAtMs: undefined, key: { ...key, responseJson: undefined } };
}

/** V8 cuts a text out of another by pointing into it: kept as it came, the id would keep the secret that it was read in, too. */
function copyOf(secretId: string): string {
  return Buffer.from(secretId, 'latin1').toString('latin1');
}

/** The last ones: of the many keys of one organization each has the same text, which is in memory, and in the processor's cache, once. */
const ORGANIZATION_IDS = new LRUCache<OrganizationId, OrganizationId>({ max: 1_000, memoMethod: (id) => id });
/**
 * The last lists of scopes, by the text of the column: there are few different ones, and one can be
 * larger than the rest of a key.
 */
const SCOPE_LISTS = new LRUCache<string, readonly Scope[]>({
  max: 1_000,
  maxSize: 1_000_000,
  sizeCalculation: (_scopes, text) => text.length + 1,
  memoMethod: (text) => jsonTexts(text).filter(isScope),
});

/**
 * What the bearer of a key may see of it. The networks are in memory once, compiled, and shown from
 * there.
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
  const shown = {
    id: bytesToId('api_key_', row.key_id),
    organizationId: ORGANIZATION_IDS.memo(bytesToId('org_', row.organization_id)),
    label: row.label,
    description: row.description,
    masked: row.masked,
    scopes: SCOPE_LISTS.memo(typeof row.scopes === 'string' ? row.scopes : JSON.stringify(row.scopes)),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  const stored = {
    ...shown,
    ipAllowList: jsonTexts(row.ip_allow_list),
    expiresAt: earlier(row.expires_at, row.not_after),
    disabledAt: row.disabled_at,
    deletedAt: row.deleted_at,
  };
  const facts = compileSnapshot(stored, row.deactivated_at === null);
  // Added to, not spread into a new object: V8 would give each such object a shape of its own, and reading many shapes is slow.
  const record = Object.assign(new StoredKeyRecord(), shown, { allowList: facts.allowList });
  return Object.assign(facts, { record, responseJson: null });
}

/** A DATETIME(3) that the server gave for its own time. */
export function serverTimeToMs(text: string): number {
  const [seconds = '', fraction = '0'] = text.split('.');
  return mysqlDateTimeToMs(seconds as MysqlDateTime) + Number(`0.${fraction}`) * 1_000;
}

/** A JSON column of texts: MySQL hands it over parsed, MariaDB as text. */
function jsonTexts(value: unknown): string[] {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  if (!Array.isArray(parsed)) {
    throw new TypeError('a stored list cannot be understood');
  }
  return parsed.map(String);
}

function earlier(a: MysqlDateTime | null, b: MysqlDateTime | null): MysqlDateTime | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return a < b ? a : b;
}
