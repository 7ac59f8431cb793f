import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { parse, v7 } from 'uuid';
import { SCOPES } from '../../src/common/access/scope.js';
import { idToBytes, newId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { PepperRing } from '../../src/secrets/pepper-ring.js';
import { formatSecret, maskSecret } from '../../src/secrets/secret-form.js';
import type { MadeKey } from './service.js';
import { TEST_PEPPER } from './test-app.js';

const ROWS_PER_INSERT = 1_000;
/** Nobody looks at it while there is a digest. */
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

/** Keys that verify, by the thousand, straight into the tables: every scope, any address, no end; without marks. */
export async function insertVerifiableKeys(
  connection: Connection,
  organizationId: OrganizationId,
  count: number,
): Promise<MadeKey[]> {
  const peppers = new PepperRing({ pepper: Buffer.from(TEST_PEPPER), retiredPeppers: [] });
  peppers.assign([1]);
  const organization = idToBytes('org_', organizationId);
  const made: MadeKey[] = [];
  while (made.length < count) {
    const keys: unknown[][] = [];
    const secrets: unknown[][] = [];
    for (let i = Math.min(ROWS_PER_INSERT, count - made.length); i > 0; i--) {
      const id = newId('api_key_');
      const secretId = Buffer.from(parse(v7()));
      const secret = formatSecret('sk_live_', secretId, randomBytes(24));
      const { digest, pepperVersion } = peppers.digest(secret, { keyId: id, organizationId });
      const keyId = idToBytes('api_key_', id);
      keys.push([keyId, organization, 'Bulk', JSON.stringify(SCOPES), '[]', '2026-01-01 00:00:00']);
      const masked = maskSecret('sk_live_', secret);
      secrets.push([secretId, keyId, NO_BCRYPT, digest, pepperVersion, masked, '2026-01-01 00:00:00']);
      made.push({ id, secret });
    }
    await connection.query(
      'INSERT INTO api_keys (id, organization_id, label, scopes, ip_allow_list, created_at) VALUES ?',
      [keys],
    );
    await connection.query(
      `INSERT INTO api_key_secrets (id, key_id, secret_hash, digest, pepper_version, masked, created_at) VALUES ?`,
      [secrets],
    );
  }
  return made;
}
