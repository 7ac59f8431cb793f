import { UsageMeter } from '../../src/usage/usage-meter.js';
import { ChangeFeed } from '../../src/verification/change-feed/change-feed.js';
import { TestApp } from './test-app.js';
import { eventually } from './eventually.js';

const LOCK = 'latchkey test query log';
const LOCK_WAIT_SECONDS = 60;
/**
 * Well below the freshness bound. A change feed that is late on a busy machine sends verifications
 * to the database.
 */
const YOUNG_FEED_MS = 300;

/**
 * Records the statements that an app sends while `act` runs, with the server's general log. The
 * usage meter is paused, and the polls of the change feed are left out. Specs that run side by side
 * take turns.
 */
export async function recordQueries({ app, schema }: TestApp, act: () => Promise<unknown>): Promise<string[]> {
  const { connection } = schema;
  const meter = app.get(UsageMeter);
  await connection.query('SELECT GET_LOCK(?, ?)', [LOCK, LOCK_WAIT_SECONDS]);
  try {
    await meter.flush();
    // What the meter's periodic task calls.
    Reflect.set(meter, 'writePending', () => Promise.resolve());
    await connection.query("SET GLOBAL log_output = 'TABLE'");
    await connection.query('TRUNCATE mysql.general_log');
    await eventually('the change feed is young', () => app.get(ChangeFeed).ageMs < YOUNG_FEED_MS);
    await connection.query('SET GLOBAL general_log = 1');
    await act();
    await connection.query('SET GLOBAL general_log = 0');
    return await statementsOf(schema);
  } finally {
    Reflect.deleteProperty(meter, 'writePending');
    await connection.query('SET GLOBAL general_log = 0');
    await connection.query('SELECT RELEASE_LOCK(?)', [LOCK]);
  }
}

async function statementsOf({ connection, name }: TestApp['schema']): Promise<string[]> {
  const [rows] = await connection.query(
    `SELECT CONVERT(argument USING utf8mb4) AS statement FROM mysql.general_log
      WHERE command_type IN ('Query', 'Prepare', 'Execute') AND thread_id <> CONNECTION_ID()
        AND thread_id IN (SELECT id FROM information_schema.processlist WHERE db = ?)
        AND thread_id NOT IN (SELECT thread_id FROM mysql.general_log WHERE argument LIKE '%feed.epoch%')`,
    [name],
  );
  return (rows as { statement: string }[]).map(({ statement }) => statement);
}
