import { createConnection } from 'mysql2/promise';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { ChangeFeed } from '../../src/verification/change-feed/change-feed.js';
import { TestApp } from './test-app.js';
import { eventually } from './eventually.js';
import { connectionOptions, testServerUrl } from './schema.js';

/**
 * Changes rows of a key as an operator does in SQL: in one transaction with the change-log entry
 * that every instance reads. Resolves when it is committed, before any instance has read the entry.
 * @param statements SQL with its values
 */
export async function changeInDatabase(
  schemaName: string,
  keyId: string,
  ...statements: readonly (readonly [sql: string, ...values: unknown[]])[]
): Promise<void> {
  const connection = await createConnection({ ...connectionOptions(testServerUrl()), database: schemaName });
  try {
    await connection.beginTransaction();
    for (const [sql, ...values] of statements) {
      await connection.query(sql, values);
    }
    await connection.query(
      `INSERT INTO key_changes (organization_id, key_id, created_at)
       SELECT organization_id, id, UTC_TIMESTAMP(3) FROM api_keys WHERE id = ?`,
      [idToBytes('api_key_', keyId)],
    );
    await connection.commit();
  } finally {
    await connection.end();
  }
}

/** Waits until the app has read every change-log entry that is committed by now. */
export async function untilChangesRead({ app }: Pick<TestApp, 'app'>): Promise<void> {
  const committedMs = performance.now();
  const feed = app.get(ChangeFeed);
  await eventually('the change feed is read', () => feed.knownAtMs > committedMs);
}
