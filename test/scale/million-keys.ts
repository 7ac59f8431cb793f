import type { Connection } from 'mysql2/promise';
import {
  bytesToId,
  idToBytes,
  newId,
  type ApiKeyId,
  type IdPrefix,
  type OrganizationId,
} from '../../src/common/prefixed-id.js';

/** How many keys there are in all. */
export const MILLION = 1_000_000;

/** The organizations of a schema with a million keys, and what is out of the ordinary in them. */
export interface MillionKeys {
  /** Has the newest 500,000 keys. Four are expired, the oldest among them. None is disabled. */
  readonly many: OrganizationId;
  readonly expired: readonly ApiKeyId[];
  /** A key of `many` that created its next 200,000 ones; four of those are expired. */
  readonly prolific: ApiKeyId;
  /** 200,000 keys; oldest first 80,000 expired, 40,000 disabled, 40,000 deleted, 40,000 active. */
  readonly worn: OrganizationId;
  /** Among the 300,000 oldest; a thousand organizations have 300 each. */
  readonly small: OrganizationId;
}

const BATCH = 100_000;
const SMALL_ORGANIZATIONS = 1_000;
/** Oldest first: the small organizations, the worn one, the one with many. */
const WORN_FROM = 300_000;
const MANY_FROM = 500_000;
const PROLIFIC = MANY_FROM + 10;
const EXPIRED = [MANY_FROM, PROLIFIC + 1, PROLIFIC + 2, PROLIFIC + 3, PROLIFIC + 150_000];

const EPOCH_MS = Date.UTC(2020, 0, 1);
const PACE_MS = 60_000;
/** The variant digit distinguishes secrets from keys. */
const KEY_VARIANT = '8';
const SECRET_VARIANT = '9';

/**
 * Fills a migrated schema by statements over sets of numbers. The indexes stay on, as on a schema
 * in use. Ids are UUIDv7 in the order of time, a minute apart.
 */
export async function fillMillion(connection: Connection): Promise<MillionKeys> {
  const [many, worn, small] = [newId('org_'), newId('org_'), newId('org_')];
  const others = Array.from({ length: SMALL_ORGANIZATIONS - 1 }, () => newId('org_'));
  await insertOrganizations(connection, [many, worn, small, ...others]);
  await connection.query('CREATE TEMPORARY TABLE scale_organizations (n INT PRIMARY KEY, id BINARY(16) NOT NULL)');
  await connection.query('INSERT INTO scale_organizations VALUES ?', [
    [small, ...others].map((id, n) => [n, idToBytes('org_', id)]),
  ]);
  await connection.query('CREATE TEMPORARY TABLE scale_numbers (n INT PRIMARY KEY)');
  await connection.query(
    `INSERT INTO scale_numbers SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n
       FROM ${['a', 'b', 'c', 'd', 'e'].map((name) => `(SELECT 0 AS d ${unionOf(9)}) ${name}`).join(', ')} ORDER BY n`,
  );
  // Without checks, because the rows are valid by construction.
  await connection.query('SET SESSION unique_checks = 0, foreign_key_checks = 0');
  for (let from = 0; from < MILLION; from += BATCH) {
    await insertKeys(connection, from, { many, worn });
  }
  await connection.query('SET SESSION unique_checks = 1, foreign_key_checks = 1');
  await connection.query('DROP TEMPORARY TABLE scale_numbers, scale_organizations');
  await connection.query('ANALYZE TABLE api_keys, api_key_secrets, organizations');
  return { many, expired: EXPIRED.map(keyNumbered), prolific: keyNumbered(PROLIFIC), worn, small };
}

/** The key of this number; the oldest has 0. */
export function keyNumbered(n: number): ApiKeyId {
  const hex = (EPOCH_MS + n * PACE_MS).toString(16).padStart(12, '0');
  return bytesToId('api_key_', Buffer.from(`${hex}7000${KEY_VARIANT}${n.toString(16).padStart(15, '0')}`, 'hex'));
}

async function insertOrganizations(connection: Connection, ids: readonly OrganizationId[]): Promise<void> {
  await connection.query('INSERT INTO organizations (id, name, created_at) VALUES ?', [
    ids.map((id, n) => [idToBytes('org_', id), `Organization ${n}`, '2020-01-01 00:00:00']),
  ]);
}

async function insertKeys(
  connection: Connection,
  from: number,
  { many, worn }: Pick<MillionKeys, 'many' | 'worn'>,
): Promise<void> {
  const number = `(scale_numbers.n + ${from})`;
  const within = (first: number, count: number) => `${number} BETWEEN ${first} AND ${first + count - 1}`;
  const createdAt = `'2020-01-01 00:00:00' + INTERVAL ${number} MINUTE`;
  const longAgo = `'2024-01-01 00:00:00' + INTERVAL ${number} SECOND`;
  await connection.query(
    `INSERT INTO api_keys (id, organization_id, label, description, scopes, ip_allow_list, expires_at, disabled_at, deleted_at, created_by, created_at)
     SELECT ${idOf(number, KEY_VARIANT)},
            CASE WHEN ${number} >= ${MANY_FROM} THEN ${literal('org_', many)} WHEN ${number} >= ${WORN_FROM} THEN ${literal('org_', worn)}
                 ELSE (SELECT o.id FROM scale_organizations o WHERE o.n = ${number} % ${SMALL_ORGANIZATIONS}) END,
            CONCAT('Key ', ${number}), 'One of a million', '["invoices.read", "api_keys.read"]', '["10.0.0.0/8"]',
            CASE WHEN ${within(WORN_FROM, 80_000)} OR ${number} IN (${EXPIRED.join(', ')}) THEN ${longAgo}
                 WHEN scale_numbers.n % 10 = 0 THEN '2099-01-01 00:00:00' + INTERVAL scale_numbers.n SECOND END,
            CASE WHEN ${within(WORN_FROM + 80_000, 40_000)} THEN ${longAgo} END,
            CASE WHEN ${within(WORN_FROM + 120_000, 40_000)} THEN ${longAgo} END,
            CASE WHEN ${within(PROLIFIC + 1, 200_000)} THEN ${literal('api_key_', keyNumbered(PROLIFIC))} END,
            ${createdAt}
       FROM scale_numbers ORDER BY n`,
  );
  await connection.query(
    `INSERT INTO api_key_secrets (id, key_id, secret_hash, digest, pepper_version, masked, created_at)
     SELECT ${idOf(number, SECRET_VARIANT)}, ${idOf(number, KEY_VARIANT)}, RPAD('$2b$10$', 60, 'x'), UNHEX(SHA2(${number}, 256)), 1,
            CONCAT('sk_live_', LPAD(${number}, 12, '0'), '...', 'abcde'), ${createdAt}
       FROM scale_numbers ORDER BY n`,
  );
}

const idOf = (number: string, variant: string) =>
  `UNHEX(CONCAT(LPAD(HEX(${EPOCH_MS} + ${number} * ${PACE_MS}), 12, '0'), '7000${variant}', LPAD(HEX(${number}), 15, '0')))`;

const literal = (prefix: IdPrefix, id: string) => `X'${idToBytes(prefix, id).toString('hex')}'`;

const unionOf = (last: number) => Array.from({ length: last }, (_, n) => `UNION ALL SELECT ${n + 1}`).join(' ');
