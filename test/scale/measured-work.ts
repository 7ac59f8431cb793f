import type { Connection, RowDataPacket } from 'mysql2/promise';
import { TestApp } from '../support/test-app.js';
import { recordQueries } from '../support/query-log.js';

/** What the server did for one act of the product. */
export interface Work {
  /** Index entries and rows that were read, over all statements. */
  readonly reads: number;
  /** Rows that were put in order. */
  readonly sorted: number;
  /** Every table that a statement reads other than through an index, from the right place. */
  readonly scans: readonly string[];
}

/** The access types for which the server looks rows up in an index. `null`: it reads no row. */
const LOOK_UPS: ReadonlySet<unknown> = new Set([
  'const',
  'eq_ref',
  'ref',
  'ref_or_null',
  'range',
  'index_merge',
  'unique_subquery',
  'index_subquery',
  'system',
  null,
]);

/**
 * Explains and measures every statement that the product sends while `act` runs. Each is run again
 * as it was sent and rolled back.
 */
export async function measureWork(app: TestApp, act: () => Promise<unknown>): Promise<Work> {
  const { connection } = app.schema;
  const statements = (await recordQueries(app, act)).filter((sql) => /^\s*(SELECT|UPDATE|DELETE)\b/i.test(sql));
  // Asking for the counters counts too.
  const idle = await counters(connection);
  const before = await counters(connection);
  for (const sql of statements) {
    await connection.beginTransaction();
    await connection.query(sql);
    await connection.rollback();
  }
  const after = await counters(connection);
  const scans: string[] = [];
  for (const sql of statements) {
    scans.push(...(await explain(connection, sql)));
  }
  const asking = before.reads - idle.reads;
  return { reads: after.reads - before.reads - asking, sorted: after.sorted - before.sorted, scans };
}

async function explain(connection: Connection, sql: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`);
  return (
    rows
      // The result of a part of the statement, `<derived2>`. The part itself has a row of its own.
      .filter(({ table, type }) => !LOOK_UPS.has(type) && !String(table).startsWith('<'))
      .map(({ table, type, key }) => `${String(table)} by ${String(type)} of ${String(key)}: ${sql}`)
  );
}

async function counters(connection: Connection): Promise<{ readonly reads: number; readonly sorted: number }> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SHOW SESSION STATUS WHERE variable_name LIKE 'Handler_read%' OR variable_name = 'Sort_rows'",
  );
  const valueOf = ({ Value: value }: RowDataPacket) => Number(value);
  const isSort = ({ Variable_name: name }: RowDataPacket) => name === 'Sort_rows';
  return {
    reads: rows.filter((row) => !isSort(row)).reduce((sum, row) => sum + valueOf(row), 0),
    sorted: rows.filter(isSort).reduce((sum, row) => sum + valueOf(row), 0),
  };
}
