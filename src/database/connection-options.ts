import type { DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { MIGRATIONS } from './migrations.js';

type MysqlOptions = Extract<DataSourceOptions, { type: 'mysql' | 'mariadb' }>;

/** Few connections: twenty instances of ten would exceed MySQL's default of 151. */
export const POOL_SIZE = 5;
const CONNECT_TIMEOUT_MS = 2_000;

/** The table that says which migrations have been applied. */
export const MIGRATIONS_TABLE = 'migrations';

/** What mysql2 itself needs to reach the database. */
export function clientOptions(database: DatabaseConfig) {
  return {
    ...(database.socketPath === undefined
      ? { host: database.host, port: database.port }
      : { socketPath: database.socketPath }),
    user: database.user,
    password: database.password,
    database: database.name,
    charset: 'utf8mb4_bin',
    supportBigNumbers: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(database.tls === undefined
      ? {}
      : {
          ssl: {
            ...(database.tls.ca === undefined ? {} : { ca: database.tls.ca }),
            rejectUnauthorized: database.tls.mode !== 'insecure',
            // Left out, mysql2 takes any certificate of a known authority, whomever it was given to.
            verifyIdentity: database.tls.mode === 'verify',
          },
        }),
  };
}

/** How TypeORM and mysql2 reach the database. Times cross the wire as text, in both directions. */
export function connectionOptions(database: DatabaseConfig, entities: MysqlOptions['entities']): MysqlOptions {
  const { user, ...client } = clientOptions(database);
  return {
    type: 'mysql',
    ...client,
    username: user,
    dateStrings: true,
    poolSize: POOL_SIZE,
    entities: entities ?? [],
    migrations: [...MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    logging: false,
  };
}

/**
 * What every connection says before its first use: strict (nothing is cut to fit), and each statement of a transaction sees
 * what has been committed by then. Understood by MySQL and MariaDB alike.
 */
const SESSION_STATEMENTS = [
  // The comment is one to MySQL alone: MariaDB would join with a temporary table in place of a list of 1,000 ids, a whole page.
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 2, lock_wait_timeout = 2, time_zone = '+00:00' /*M!100300 , in_predicate_conversion_threshold = 0 */",
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
] as const;

/**
 * Makes a new connection fit for use.
 * @param ask sends one statement over it
 */
export async function prepareSession(ask: (sql: string) => Promise<readonly unknown[]>): Promise<void> {
  for (const statement of SESSION_STATEMENTS) {
    await ask(statement);
  }
  // On Galera a read sees what was acknowledged on another node before it began; without this, now and then it does not.
  const [wsrep] = (await ask("SHOW VARIABLES LIKE 'wsrep_on'")) as readonly { readonly Value: string }[];
  if (wsrep?.Value === 'ON') {
    await ask('SET SESSION wsrep_sync_wait = 1');
  }
}
