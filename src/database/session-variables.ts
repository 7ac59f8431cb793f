/** A variable of the session of every connection. */
export interface SessionVariable {
  readonly name: string;
  /** The SQL of its value. Absent if one of the statements below sets it. */
  readonly sql?: string;
  /** The value as `SHOW VARIABLES` prints it. Null if that varies. */
  readonly reads: string | null;
  /** The kind of server that has the variable. Absent if all have it. */
  readonly only?: ServerKind;
  /** The name of the variable on servers that do not know `name`. */
  readonly alias?: string;
}

export type ServerKind = 'MySQL' | 'MariaDB';

/**
 * Strict, so that no value is truncated or converted. Without the modes that change the meaning of
 * quotes and backslashes.
 */
const SQL_MODE = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
const NO_LIMIT = '18446744073709551615';

/**
 * The idle time in seconds after which the server closes a connection and rolls back. A client
 * whose host lost power sends no FIN: without this limit its row locks stay for the server's
 * `wait_timeout`, 8 hours.
 */
const IDLE_SECONDS = '6';
/**
 * The same within a transaction. Longer than any transaction of this service, so that only those of
 * lost clients end.
 */
const IDLE_TRANSACTION_SECONDS = '3';

/**
 * The session: every variable of MySQL 8.4 and MariaDB 10.11 that changes what statements mean,
 * return or leave open. The statements that create tables state engines and character sets.
 */
export const SESSION: readonly SessionVariable[] = [
  // First, because it also limits the list of variables.
  { name: 'sql_select_limit', sql: NO_LIMIT, reads: NO_LIMIT },

  // mysql2 escapes values itself, as UTF-8. In another character set the server can read a quote
  // where mysql2 wrote none, which is an SQL injection.
  { name: 'character_set_client', reads: 'utf8mb4' },
  { name: 'character_set_connection', reads: 'utf8mb4' },
  { name: 'character_set_results', reads: 'utf8mb4' },
  { name: 'collation_connection', reads: 'utf8mb4_bin' },
  { name: 'sql_mode', sql: `_utf8mb4'${SQL_MODE}'`, reads: SQL_MODE },
  { name: 'sql_auto_is_null', sql: '0', reads: 'OFF' },
  { name: 'sql_if_exists', sql: '0', reads: 'OFF', only: 'MariaDB' },

  { name: 'autocommit', sql: '1', reads: 'ON' },
  { name: 'completion_type', sql: "_utf8mb4'NO_CHAIN'", reads: 'NO_CHAIN' },
  // Each statement of a transaction sees everything committed before it.
  { name: 'transaction_isolation', reads: 'READ-COMMITTED', alias: 'tx_isolation' },
  { name: 'transaction_read_only', reads: 'OFF', alias: 'tx_read_only' },

  { name: 'sql_big_selects', sql: '1', reads: 'ON' },
  { name: 'sql_safe_updates', sql: '0', reads: 'OFF' },
  { name: 'max_sort_length', sql: '1024', reads: '1024' },
  // This process has time limits of its own. The server's would end a migration.
  { name: 'max_execution_time', sql: '0', reads: '0', only: 'MySQL' },
  { name: 'max_statement_time', sql: '0', reads: '0.000000', only: 'MariaDB' },
  { name: 'innodb_lock_wait_timeout', sql: '2', reads: '2' },
  { name: 'lock_wait_timeout', sql: '2', reads: '2' },
  { name: 'wait_timeout', sql: IDLE_SECONDS, reads: IDLE_SECONDS },
  { name: 'idle_transaction_timeout', sql: IDLE_TRANSACTION_SECONDS, reads: IDLE_TRANSACTION_SECONDS, only: 'MariaDB' },
  { name: 'idle_write_transaction_timeout', sql: '0', reads: '0', only: 'MariaDB' },
  { name: 'idle_readonly_transaction_timeout', sql: '0', reads: '0', only: 'MariaDB' },
  // For a client that is lost in the middle of a packet or of a result.
  { name: 'net_read_timeout', sql: IDLE_SECONDS, reads: IDLE_SECONDS },
  { name: 'net_write_timeout', sql: IDLE_SECONDS, reads: IDLE_SECONDS },

  { name: 'time_zone', sql: "_utf8mb4'+00:00'", reads: '+00:00' },
  // Any other value stops the clock of the session, so that no key would expire.
  { name: 'timestamp', sql: 'DEFAULT', reads: null },

  // MariaDB would convert a list of 1,000 ids, a full page, to a join with a temporary table.
  { name: 'in_predicate_conversion_threshold', sql: '0', reads: '0', only: 'MariaDB' },
];

/**
 * On Galera, a read sees everything that another node acknowledged before, and a node that is cut
 * off refuses.
 */
export const GALERA_SESSION: readonly SessionVariable[] = [
  { name: 'wsrep_sync_wait', sql: '1', reads: '1' },
  { name: 'wsrep_dirty_reads', sql: '0', reads: 'OFF' },
];
