import { mysqlDateTimeToMs, type MysqlDateTime } from '../common/mysql-datetime.js';
import { bytesToId } from '../common/prefixed-id.js';
import { compileFacts, type KeyFacts } from '../decision/facts.js';

/** What the database holds for a secret id, compiled for verification. */
export interface StoredSecret {
  readonly secretId: string;
  /** Null: imported, never seen since. */
  readonly digest: Buffer | null;
  readonly pepperVersion: number | null;
  /** bcrypt of the secret; read only where recovery may need it. */
  readonly secretHash: string | null;
  readonly key: KeyFacts;
  /** When the query that read it was sent, on the monotonic clock: what it says was true then, or later. */
  readonly readAtMs: number;
}

/** A row of the one query that verification makes. */
export interface StoredSecretRow {
  readonly secret_id: Buffer;
  readonly digest: Buffer | null;
  readonly pepper_version: number | null;
  readonly secret_hash: string | null;
  readonly not_after: MysqlDateTime | null;
  readonly key_id: Buffer;
  readonly organization_id: Buffer;
  readonly label: string;
  readonly scopes: unknown;
  readonly ip_allow_list: unknown;
  readonly expires_at: MysqlDateTime | null;
  readonly disabled_at: MysqlDateTime | null;
  readonly deleted_at: MysqlDateTime | null;
  readonly deactivated_at: MysqlDateTime | null;
}

/** @throws TypeError for a row that cannot be understood: it must not verify (an empty allow-list, say, would mean any address) */
export function compileStoredSecret(secretId: string, row: StoredSecretRow, readAtMs: number): StoredSecret {
  return {
    secretId,
    digest: row.digest,
    pepperVersion: row.pepper_version,
    secretHash: row.secret_hash,
    key: compileFacts(
      {
        id: bytesToId('api_key_', row.key_id),
        organizationId: bytesToId('org_', row.organization_id),
        label: row.label,
        scopes: jsonTexts(row.scopes),
        ipAllowList: jsonTexts(row.ip_allow_list),
        expiresAt: earlier(row.expires_at, row.not_after),
        disabledAt: row.disabled_at,
        deletedAt: row.deleted_at,
      },
      row.deactivated_at === null,
    ),
    readAtMs,
  };
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
