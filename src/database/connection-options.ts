import type { DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { MIGRATIONS } from './migrations.js';

type MysqlOptions = Extract<DataSourceOptions, { type: 'mysql' | 'mariadb' }>;

/** Few connections: twenty instances of ten would exceed MySQL's default of 151. */
export const POOL_SIZE = 5;
const CONNECT_TIMEOUT_MS = 2_000;

/** The table that says which migrations have been applied. */
export const MIGRATIONS_TABLE = 'migrations';

/** How TypeORM and mysql2 reach the database. Times cross the wire as text, in both directions. */
export function connectionOptions(database: DatabaseConfig, entities: MysqlOptions['entities']): MysqlOptions {
  return {
    type: 'mysql',
    ...(database.socketPath === undefined
      ? { host: database.host, port: database.port }
      : { socketPath: database.socketPath }),
    username: database.user,
    password: database.password,
    database: database.name,
    charset: 'utf8mb4_bin',
    dateStrings: true,
    supportBigNumbers: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    poolSize: POOL_SIZE,
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
export const SESSION_STATEMENTS = [
  // The comment is one to MySQL alone: MariaDB would join with a temporary table in place of a list of 1,000 ids, a whole page.
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 2, time_zone = '+00:00' /*M!100300 , in_predicate_conversion_threshold = 0 */",
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
] as const;
