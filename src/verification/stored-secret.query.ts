import { Injectable } from '@nestjs/common';
import { mysqlDateTimeToMs, parseMysqlDateTime, type MysqlDateTime } from '../common/mysql-datetime.js';
import { bytesToId } from '../common/prefixed-id.js';
import { Database } from '../database/database.js';
import { compileFacts, type KeyFacts } from '../decision/facts.js';

/** What the database holds for a secret id. */
export interface StoredSecret {
  readonly secretId: Buffer;
  /** Null: imported, never seen since. */
  readonly digest: Buffer | null;
  readonly pepperVersion: number | null;
  /** bcrypt of the secret. */
  readonly secretHash: string;
  readonly key: KeyFacts;
  /** The database's time when it answered, in milliseconds since the epoch. */
  readonly nowMs: number;
}

interface Row {
  readonly digest: Buffer | null;
  readonly pepper_version: number | null;
  readonly secret_hash: string;
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
  readonly now: string;
}

const QUERY = `
  SELECT s.digest, s.pepper_version, s.secret_hash, s.not_after, k.id AS key_id, k.organization_id, k.label, k.scopes,
         k.ip_allow_list, k.expires_at, k.disabled_at, k.deleted_at, o.deactivated_at, UTC_TIMESTAMP() AS now
    FROM api_key_secrets s
    JOIN api_keys k ON k.id = s.key_id
    JOIN organizations o ON o.id = k.organization_id
   WHERE s.id = ?`;

/** All that deciding about a secret needs, in one query by primary keys. */
@Injectable()
export class StoredSecretQuery {
  constructor(private readonly database: Database) {}

  /** Null when there is no such secret. @throws UnavailableError */
  async find(secretId: Buffer): Promise<StoredSecret | null> {
    const [row] = await this.database.read((manager) => manager.query<Row[]>(QUERY, [secretId]));
    return row === undefined ? null : storedSecret(secretId, row);
  }
}

function storedSecret(secretId: Buffer, row: Row): StoredSecret {
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
    nowMs: mysqlDateTimeToMs(parseMysqlDateTime(row.now) ?? unreadable('time')),
  };
}

/** A JSON column of texts: MySQL hands it over parsed, MariaDB as text. */
function jsonTexts(value: unknown): string[] {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  return Array.isArray(parsed) ? parsed.map(String) : unreadable('list');
}

function earlier(a: MysqlDateTime | null, b: MysqlDateTime | null): MysqlDateTime | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return a < b ? a : b;
}

/** A row that cannot be understood must not verify: an empty allow-list, say, would mean any address. */
function unreadable(what: string): never {
  throw new TypeError(`a stored ${what} cannot be understood`);
}
