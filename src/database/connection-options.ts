import type { DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { MIGRATIONS } from './migrations.js';
import { preparedDriver } from './prepared-driver.js';

type MysqlOptions = Extract<DataSourceOptions, { type: 'mysql' | 'mariadb' }>;

/** Small, because twenty instances with ten each would exceed MySQL's default of 151. */
export const DEFAULT_POOL_SIZE = 5;
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * The idle time after which this side closes a connection. The server closes it after 6 s
 * (`wait_timeout`, see the session). The difference is longer than a transaction may take, so that
 * no statement is sent on a connection that the server is closing.
 */
export const MAX_IDLE_MS = 3_000;

/** The table of the migrations that have been applied. */
export const MIGRATIONS_TABLE = 'migrations';

/** mysql2's own connection options. */
export function clientOptions(database: DatabaseConfig) {
  return {
    ...(database.socketPath === undefined
      ? { host: database.host, port: database.port }
      : { socketPath: database.socketPath }),
    user: database.user,
    password: database.password,
    database: database.name,
    // mysql2's own encoding. The session sets it on the server, which may ignore this option.
    charset: 'utf8mb4_bin',
    supportBigNumbers: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(database.tls === undefined
      ? {}
      : {
          ssl: {
            ...(database.tls.ca === undefined ? {} : { ca: database.tls.ca }),
            rejectUnauthorized: database.tls.mode !== 'insecure',
            // Without it, mysql2 accepts a certificate of any host, signed by a known authority.
            verifyIdentity: database.tls.mode === 'verify',
          },
        }),
  };
}

/** The options of TypeORM's data source. Times are sent and received as text. */
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
    // mysql2 closes idle connections only if `maxIdle` is below the limit. `ConnectionPool` opens
    // at most `poolSize`.
    extra: { connectionLimit: poolSize + 1, maxIdle: poolSize, idleTimeout: MAX_IDLE_MS, gracefulEnd: true },
    entities: entities ?? [],
    migrations: [...MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    logging: false,
  };
}
