import type { RowDataPacket } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import { TestApp } from './test-app.js';
import { eventually } from './eventually.js';
import { connectionOptions, testServerUrl } from './schema.js';

/** Runs a statement in a transaction of the test's own. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<unknown>;

/** What a test does in that transaction, in which it holds rows. */
export interface Held {
  /** Takes locks. */
  lock(query: Query): Promise<unknown>;
  /** Is done once the product waits for one of them. */
  meanwhile(query: Query): Promise<unknown>;
}

/**
 * Takes locks, starts `act`, waits until the product waits for the locks, runs `meanwhile` in the
 * transaction that holds them, and commits it. So `act` has begun before `meanwhile` and decides
 * after it.
 */
export async function whileHeld<T>({ schema }: TestApp, held: Held, act: () => Promise<T>): Promise<T> {
  const connection = await createConnection({ ...connectionOptions(testServerUrl()), database: schema.name });
  const query: Query = (sql, values = []) => connection.query(sql, [...values]);
  try {
    await connection.beginTransaction();
    await held.lock(query);
    const acting = act();
    await eventually('the product waits for the rows that are held', () => isWaiting(schema), 3_000);
    await held.meanwhile(query);
    await connection.commit();
    return await acting;
  } finally {
    await connection.end();
  }
}

async function isWaiting({ connection, name }: TestApp['schema']): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID() AND info LIKE '%FOR UPDATE%'",
    [name],
  );
  return rows.length > 0;
}
