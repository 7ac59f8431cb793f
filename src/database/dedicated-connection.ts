import { createConnection, type Connection, type RowDataPacket } from 'mysql2';
import { UnavailableError } from '../common/unavailable-error.js';
import type { DatabaseConfig } from '../config/config.js';
import { clientOptions, MAX_IDLE_MS } from './connection-options.js';
import { asDomainError } from './database-errors.js';
import { withDeadline } from './with-deadline.js';
import { destroyConnection } from './prepared-driver.js';
import { prepareSession } from './session.js';

/** Opening a connection takes several round trips, so longer than a query. */
const CONNECT_DEADLINE_MS = 1_000;

/**
 * One connection outside the pool, for one query at a time that must not wait for others. Connects
 * on demand. After the deadline of a query the socket is destroyed, and the next query opens a new
 * one.
 */
export class DedicatedConnection {
  private connection: Connection | undefined;
  /** When the server last answered, on the monotonic clock. */
  private answeredMs = -Infinity;

  constructor(private readonly database: DatabaseConfig) {}

  /** @throws UnavailableError when the database does not answer within the deadline */
  async query<T>(sql: string, values: readonly unknown[], deadlineMs: number): Promise<T[]> {
    if (performance.now() - this.answeredMs > MAX_IDLE_MS) {
      // The server closes idle connections. Its FIN may not have arrived yet.
      this.destroy();
    }
    try {
      const connection = this.connection ?? (await within(CONNECT_DEADLINE_MS, this.connect()));
      const rows = await within(deadlineMs, ask<T>(connection, sql, values));
      this.answeredMs = performance.now();
      return rows;
    } catch (error) {
      this.destroy();
      throw asDomainError(error);
    }
  }

  /** Destroys the connection at once. */
  destroy(): void {
    const { connection } = this;
    this.connection = undefined;
    if (connection !== undefined) {
      destroyConnection(connection);
    }
  }

  private async connect(): Promise<Connection> {
    const connection = createConnection({ ...clientOptions(this.database), dateStrings: true });
    // Set now, so that `destroy` can end the attempt.
    this.connection = connection;
    // An error is reported by the current query or by the next one.
    connection.on('error', () => undefined);
    await prepareSession(connection);
    return connection;
  }
}

function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  const tooLate = new UnavailableError({ detail: `the database took longer than ${deadlineMs} ms` });
  return withDeadline(performance.now() + deadlineMs, work, tooLate);
}

function ask<T>(connection: Connection, sql: string, values: readonly unknown[]): Promise<T[]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[]>(sql, [...values], (error, rows) => {
      if (error === null) {
        resolve(rows as T[]);
      } else {
        reject(error);
      }
    });
  });
}
