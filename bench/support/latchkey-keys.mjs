import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parse, v7 } from 'uuid';
import { loadSecrets } from './product.mjs';

const ROWS_PER_INSERT = 2_000;
const PREFIX = 'sk_live_';
const SCOPES = JSON.stringify(['api_keys.create', 'api_keys.read', 'products.read']);
const NETWORKS = JSON.stringify(['127.0.0.0/8', '10.0.0.0/8']);
/** bcrypt of nothing in particular: verification does not look at it. */
const NO_HASH = `$2b$10$${'.'.repeat(53)}`;

/**
 * Makes keys in bulk, straight into the tables, as good as those that the service makes (scopes,
 * two networks, no expiry), and writes the secrets of the first ones down, one a line.
 *
 * @param {import('mysql2/promise').Connection} connection
 * @param {number} count
 * @param {{ path: string, count: number }} secrets
 */
export async function makeLatchkeyKeys(connection, count, secrets) {
  const { formatSecret, maskSecret, bytesToId, ring } = await loadSecrets();
  const organization = Buffer.from(parse(v7()));
  const organizationId = bytesToId('org_', organization);
  await connection.query('INSERT INTO organizations VALUES (?, ?, UTC_TIMESTAMP(), NULL, NULL)', [
    organization,
    'Bench',
  ]);
  const file = openSync(secrets.path, 'w', 0o600);

  /** @type {Promise<unknown>} */
  let inserting = Promise.resolve();
  for (let made = 0; made < count;) {
    /** @type {string[][]} */
    const [keys, rows, texts] = [[], [], []];
    for (; keys.length < ROWS_PER_INSERT && made < count; made += 1) {
      const [key, secretId] = [Buffer.from(parse(v7())), Buffer.from(parse(v7()))];
      const secret = formatSecret(PREFIX, secretId, randomBytes(24));
      const { digest } = ring.digest(secret, { keyId: bytesToId('api_key_', key), organizationId });
      const id = `X'${key.toString('hex')}'`;
      keys.push(
        `(${id},X'${organization.toString('hex')}','Key ${made}',NULL,'${SCOPES}','${NETWORKS}',NULL,NULL,NULL,NULL,UTC_TIMESTAMP(),NULL,0)`,
      );
      rows.push(
        `(X'${secretId.toString('hex')}',${id},'${NO_HASH}',X'${digest.toString('hex')}',1,'${maskSecret(PREFIX, secret)}',UTC_TIMESTAMP(),NULL)`,
      );
      if (made < secrets.count) texts.push(`${secret}\n`);
    }
    writeSync(file, texts.join(''));
    await inserting;
    inserting = connection
      .query(`INSERT INTO api_keys VALUES ${keys.join(',')}`)
      .then(() => connection.query(`INSERT INTO api_key_secrets VALUES ${rows.join(',')}`));
  }
  await inserting;
  closeSync(file);
}
