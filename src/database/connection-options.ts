import type { DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { MIGRATIONS } from './migrations.js';
import { preparedDriver } from './prepared-driver.js';

type MysqlOptions = Extract<DataSourceOptions, { type: 'mysql' | 'mariadb' }>;

/** Few connections: twenty instances of ten would exceed MySQL's default of 151. */
export const DEFAULT_POOL_SIZE = 5;
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * After how long without use a connection is closed on this side. The server closes it after 8 s
 * (`wait_timeout`, see the session). The difference is longer than a transaction may take, so that
 * no statement is sent on a connection that the server is closing.
 */
export const MAX_IDLE_MS = 5_000;

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
    // What mysql2 writes and reads. The session says the same to the server, which may ignore this.
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
export function connectionOptions(
  database: DatabaseConfig,
  entities: MysqlOptions['entities'],
  poolSize = DEFAULT_POOL_SIZE,
): MysqlOptions {
  const { user, ...client } = clientOptions(database);
  return {
    type: 'mysql',
    driver: preparedDriver,
    ...client,
    username: user,
    dateStrings: true,
    poolSize,
    // mysql2 closes idle connections only where more are allowed than may idle. `ConnectionPool` never
    // opens more than `poolSize`.
    extra: { connectionLimit: poolSize + 1, maxIdle: poolSize, idleTimeout: MAX_IDLE_MS, gracefulEnd: true },
    entities: entities ?? [],
    migrations: [...MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    logging: false,
  };
}
