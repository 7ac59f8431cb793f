import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2';
import { isOutage, SessionRefusedError } from './database-errors.js';

/** One variable of the session of every connection, whatever the server or a proxy has set it to. */
interface SessionVariable {
  readonly name: string;
  /** The SQL that it is set to. Absent when one of the statements below sets it. */
  readonly sql?: string;
  /** How `SHOW VARIABLES` prints that value. Null when it prints something else each time. */
  readonly reads: string | null;
  /** The kind of server that has the variable. Absent when every server has it. */
  readonly only?: ServerKind;
  /** The name of the variable on servers that do not know `name`. */
  readonly alias?: string;
}

type ServerKind = 'MySQL' | 'MariaDB';

/** Strict: nothing is cut or converted to fit. No mode that changes how quotes and backslashes are read. */
const SQL_MODE = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
const NO_LIMIT = '18446744073709551615';

/**
 * The whole session: every variable of MySQL 8.4 and MariaDB 10.11 that changes what our statements mean, what they return, or
 * what they leave open. Tables, columns and engines are stated by the statements that make them.
 */
const SESSION: readonly SessionVariable[] = [
  // mysql2 escapes values itself, as UTF-8. A server that reads the same bytes in another character set can read a quote where
  // mysql2 wrote none, which is an SQL injection.
  { name: 'character_set_client', reads: 'utf8mb4' },
  { name: 'character_set_connection', reads: 'utf8mb4' },
  { name: 'character_set_results', reads: 'utf8mb4' },
  { name: 'collation_connection', reads: 'utf8mb4_bin' },
  { name: 'sql_mode', sql: `'${SQL_MODE}'`, reads: SQL_MODE },
  { name: 'sql_auto_is_null', sql: '0', reads: 'OFF' },
  { name: 'sql_if_exists', sql: '0', reads: 'OFF', only: 'MariaDB' },

  { name: 'autocommit', sql: '1', reads: 'ON' },
  { name: 'completion_type', sql: "'NO_CHAIN'", reads: 'NO_CHAIN' },
  // Each statement of a transaction sees what was committed before it.
  { name: 'transaction_isolation', reads: 'READ-COMMITTED', alias: 'tx_isolation' },
  { name: 'transaction_read_only', reads: 'OFF', alias: 'tx_read_only' },

  { name: 'sql_select_limit', sql: NO_LIMIT, reads: NO_LIMIT },
  { name: 'sql_big_selects', sql: '1', reads: 'ON' },
  { name: 'sql_safe_updates', sql: '0', reads: 'OFF' },
  { name: 'max_sort_length', sql: '1024', reads: '1024' },
  // The time limits of this process are its own; the server's would end a migration.
  { name: 'max_execution_time', sql: '0', reads: '0', only: 'MySQL' },
  { name: 'max_statement_time', sql: '0', reads: '0.000000', only: 'MariaDB' },
  { name: 'innodb_lock_wait_timeout', sql: '2', reads: '2' },
  { name: 'lock_wait_timeout', sql: '2', reads: '2' },

  { name: 'time_zone', sql: "'+00:00'", reads: '+00:00' },
  // A value of its own stops the clock of the session: nothing would expire any more.
  { name: 'timestamp', sql: 'DEFAULT', reads: null },

  // MariaDB would join with a temporary table in place of a list of 1,000 ids, a whole page.
  { name: 'in_predicate_conversion_threshold', sql: '0', reads: '0', only: 'MariaDB' },
];

/** On Galera a read sees what another node acknowledged before it began, and no node answers while it is cut off. */
const GALERA_SESSION: readonly SessionVariable[] = [
  { name: 'wsrep_sync_wait', sql: '1', reads: '1' },
  { name: 'wsrep_dirty_reads', sql: '0', reads: 'OFF' },
];

/** `@latchkey_connection_id` names the connection that was set up. Proxies also stop multiplexing a connection that has such a variable. */
const SET_VARIABLES = `SET NAMES utf8mb4 COLLATE utf8mb4_bin, @latchkey_connection_id = CONNECTION_ID()${assignments(SESSION)}`;

/** By a statement of its own: the variables have other names on MariaDB before 11.1. */
const SET_TRANSACTION = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE';

const SET_GALERA = `SET @latchkey_connection_id = CONNECTION_ID()${assignments(GALERA_SESSION)}`;

/**
 * Two rows carry an answer of their own: `pseudo_thread_id` is there only on the connection that was set up, `version` only if the
 * server reads text as mysql2 writes it.
 */
const READ_SESSION = `SHOW SESSION VARIABLES WHERE Variable_name IN (${names([...SESSION, ...GALERA_SESSION])}, 'wsrep_on')
  OR Variable_name = IF(CONNECTION_ID() = @latchkey_connection_id, 'pseudo_thread_id', NULL)
  OR Variable_name = IF(HEX('é🔑') = 'C3A9F09F9491', 'version', NULL)`;

/** The server's status flag of an open transaction, in each of its answers. */
const IN_TRANSACTION = 1;

/**
 * Sets up the session of a new connection, and reads it back in another statement.
 * @throws SessionRefusedError when the server or a proxy does not keep the session
 */
export async function prepareSession(connection: Connection): Promise<void> {
  try {
    await ask(connection, SET_VARIABLES);
    const { serverStatus } = await ask<ResultSetHeader>(connection, SET_TRANSACTION);
    if ((serverStatus & IN_TRANSACTION) !== 0) {
      // Left open by init_connect, or by the previous user of a proxy's connection.
      await ask(connection, 'ROLLBACK');
    }
    let found = await readSession(connection);
    const isGalera = found.get('wsrep_on') === 'ON';
    if (isGalera) {
      await ask(connection, SET_GALERA);
      found = await readSession(connection);
    }
    assertKept(found, isGalera ? [...SESSION, ...GALERA_SESSION] : SESSION);
  } catch (error) {
    if (error instanceof SessionRefusedError || isOutage(error)) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new SessionRefusedError(
      `The database server does not accept the session that this service needs: ${reason}.`,
      {
        cause: error,
      },
    );
  }
}

function assertKept(found: ReadonlyMap<string, string>, wanted: readonly SessionVariable[]): void {
  if (!found.has('pseudo_thread_id')) {
    throw new SessionRefusedError(
      `CONNECTION_ID() changed between two statements: a proxy sends the statements of one connection to several connections of the server. ${ADVICE}`,
    );
  }
  const version = found.get('version');
  if (version === undefined) {
    throw new SessionRefusedError(
      `The database server does not read text as UTF-8, although character_set_client is ${found.get('character_set_client') ?? 'missing'}. ${ADVICE}`,
    );
  }
  const kind: ServerKind = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  for (const { name, alias, reads, only } of wanted) {
    const value = found.get(name) ?? found.get(alias ?? name);
    if (reads !== null && (only ?? kind) === kind && value !== reads) {
      throw new SessionRefusedError(
        `The database session does not keep ${name}: it was set to "${reads}" and is ${value === undefined ? 'missing' : `"${value}"`}. ${ADVICE}`,
      );
    }
  }
}

const ADVICE =
  'The server or a proxy in front of it does not keep session variables: connect to the server itself, or let the proxy use session pooling, without multiplexing.';

async function readSession(connection: Connection): Promise<Map<string, string>> {
  const rows = await ask<VariableRow[]>(connection, READ_SESSION);
  return new Map(rows.map(({ Variable_name: name, Value: value }) => [name, value]));
}

interface VariableRow extends RowDataPacket {
  readonly Variable_name: string;
  readonly Value: string;
}

function ask<T extends ResultSetHeader | VariableRow[]>(connection: Connection, sql: string): Promise<T> {
  return new Promise((resolve, reject) => {
    connection.query<T>(sql, (error, result) => {
      if (error === null) {
        resolve(result);
      } else {
        reject(error);
      }
    });
  });
}

/** Each in a comment that the other kind of server skips, if only one kind has the variable. */
function assignments(variables: readonly SessionVariable[]): string {
  return variables
    .filter(({ sql }) => sql !== undefined)
    .map(({ name, sql, only }) => {
      const assignment = `, SESSION ${name} = ${sql ?? ''}`;
      switch (only) {
        case 'MySQL':
          return `/*!80000 ${assignment} */`;
        case 'MariaDB':
          return `/*M!101100 ${assignment} */`;
        case undefined:
          return assignment;
      }
    })
    .join('');
}

function names(variables: readonly SessionVariable[]): string {
  return variables
    .flatMap(({ name, alias }) => [name, ...(alias === undefined ? [] : [alias])])
    .map((name) => `'${name}'`)
    .join(', ');
}
