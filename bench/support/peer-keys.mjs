import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { defaultKeyHasher } from '@better-auth/api-key';
import { getMigrations } from 'better-auth/db/migration';
import { authOn } from '../candidates/better-auth-set-up.mjs';

const ROWS_PER_INSERT = 1_000;

/**
 * better-auth's own schema, and keys in it as its plugin makes them, hashed by its own hasher.
 *
 * @param {import('mysql2/promise').Pool} pool on an empty database
 * @param {number} count
 * @param {string} path where their secrets go, one a line
 */
export async function makePeerKeys(pool, count, path) {
  const auth = authOn(pool);
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  const { user } = await auth.api.signUpEmail({
    body: { email: 'bench@example.com', name: 'Bench', password: randomUUID() },
  });
  const { key: sample, id } = await auth.api.createApiKey({ body: { userId: user.id } });
  // The row that the plugin itself has made is the pattern for the others.
  const [[pattern]] = /** @type {[Record<string, unknown>[], unknown]} */ (
    await pool.query('SELECT * FROM apikey WHERE id = ?', [id])
  );

  const secrets = [];
  while (secrets.length < count) {
    const batch = Array.from({ length: Math.min(ROWS_PER_INSERT, count - secrets.length) }, () =>
      letters(sample.length),
    );
    const rows = await Promise.all(
      batch.map(async (secret) =>
        Object.values({ ...pattern, id: letters(32), key: await defaultKeyHasher(secret), start: secret.slice(0, 6) }),
      ),
    );
    await pool.query(
      `INSERT INTO apikey (${Object.keys(pattern)
        .map((name) => `\`${name}\``)
        .join(',')}) VALUES ?`,
      [rows],
    );
    secrets.push(...batch);
  }
  writeFileSync(path, `${secrets.join('\n')}\n`, { mode: 0o600 });
}

function letters(length) {
  return Array.from(randomBytes(length), (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}
