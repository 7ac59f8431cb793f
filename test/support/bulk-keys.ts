import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { parse, v7 } from 'uuid';
import { SCOPES } from '../../src/common/access/scope.js';
import { idToBytes, newId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { PepperKeyring } from '../../src/secrets/pepper-keyring.js';
import { formatSecret, maskSecret } from '../../src/secrets/secret-format.js';
import type { MadeKey } from './api-client.js';
import { TEST_PEPPER } from './test-app.js';

const ROWS_PER_INSERT = 1_000;
/**
 * Of the largest keys, so that an insert fits into the smallest packet that a server takes by
 * default (16 MB).
 */
const LARGEST_ROWS_PER_INSERT = 500;
/** Not read while there is a digest. */
const NO_BCRYPT = 'x'.repeat(60);

/** An organization, straight into the table. */
export async function insertOrganization(connection: Connection): Promise<OrganizationId> {
  const id = newId('org_');
  await connection.query('INSERT INTO organizations (id, name, created_at) VALUES (?, ?, UTC_TIMESTAMP())', [
    idToBytes('org_', id),
    'Bulk',
  ]);
  return id;
}

/** What keys have beside their scopes. */
export interface BulkFields {
  readonly label: string;
  readonly description: string | null;
  readonly networks: readonly string[];
}

const PLAIN: BulkFields = { label: 'Bulk', description: null, networks: [] };

/** The fields of a key of the greatest size that the API takes; the networks are its own. */
export function greatestFields(): BulkFields {
  const beginning = `2001:${randomGroups(2)}`;
  return {
    label: '\u{1f511}'.repeat(255),
    description: '\u{1f511}'.repeat(1_000),
    networks: ADDRESS_ENDS.map((end) => `${beginning}:${end}`),
  };
}

/** Groups of an IPv6 address that have no shorter form: four digits, the first of them not zero. */
function randomGroups(count: number): string {
  const bytes = randomBytes(2 * count);
  return Array.from({ length: count }, (_, i) => (bytes.readUInt16BE(2 * i) | 0x1000).toString(16)).join(':');
}

/** The ends of the addresses of the greatest keys. Made once, because millions take a minute. */
const ADDRESS_ENDS = Array.from({ length: 100 }, () => randomGroups(5));

/**
 * Inserts verifiable keys by the thousand straight into the tables, without change-log entries:
 * every scope, no end, and any address unless told otherwise.
 */
export async function insertVerifiableKeys(
  connection: Connection,
  organizationId: OrganizationId,
  count: number,
  fieldsOf: () => BulkFields = () => PLAIN,
): Promise<MadeKey[]> {
  const peppers = new PepperKeyring({ pepper: Buffer.from(TEST_PEPPER), retiredPeppers: [] });
  peppers.assign([1]);
  const organization = idToBytes('org_', organizationId);
  const made: MadeKey[] = [];
  while (made.length < count) {
    const keys: unknown[][] = [];
    const secrets: unknown[][] = [];
    const most = fieldsOf === greatestFields ? LARGEST_ROWS_PER_INSERT : ROWS_PER_INSERT;
    for (let i = Math.min(most, count - made.length); i > 0; i--) {
      const { label, description, networks } = fieldsOf();
      const id = newId('api_key_');
      const secretId = Buffer.from(parse(v7()));
      const secret = formatSecret('sk_live_', secretId, randomBytes(24));
      const { digest, pepperVersion } = peppers.digest(secret, { keyId: id, organizationId });
      const keyId = idToBytes('api_key_', id);
      const lists = [JSON.stringify(SCOPES), JSON.stringify(networks)];
      keys.push([keyId, organization, label, description, ...lists, '2026-01-01 00:00:00']);
      const masked = maskSecret('sk_live_', secret);
      secrets.push([secretId, keyId, NO_BCRYPT, digest, pepperVersion, masked, '2026-01-01 00:00:00']);
      made.push({ id, secret });
    }
    await connection.query(
      'INSERT INTO api_keys (id, organization_id, label, description, scopes, ip_allow_list, created_at) VALUES ?',
      [keys],
    );
    await connection.query(
      `INSERT INTO api_key_secrets (id, key_id, secret_hash, digest, pepper_version, masked, created_at) VALUES ?`,
      [secrets],
    );
  }
  return made;
}
