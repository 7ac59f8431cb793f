import type { Socket } from 'node:net';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2';
import { UnavailableError } from '../common/unavailable-error.js';
import type { DatabaseConfig } from '../config/config.js';
import { clientOptions, SESSION_STATEMENTS } from './connection-options.js';
import { asDomainError } from './database-errors.js';

/**
 * One connection outside the pool, for who must not wait behind others. It connects when it is needed. Every query has a
 * deadline, connecting included, past which the socket is destroyed: the next query begins with a new one.
 */
export class DedicatedConnection {
  private connection: Connection | undefined;

  constructor(private readonly database: DatabaseConfig) {}

  /** @throws UnavailableError when the database does not answer within the deadline */
  async query<T>(sql: string, values: readonly unknown[], deadlineMs: number): Promise<T[]> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new UnavailableError({ detail: `the database took longer than ${deadlineMs} ms` }));
      }, deadlineMs);
    });
    try {
      return await Promise.race([this.queryNow<T>(sql, values), tooLate]);
    } catch (error) {
      this.destroy();
      throw asDomainError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Drops the connection, whatever it is doing. */
  destroy(): void {
    const { connection } = this;
    this.connection = undefined;
    if (connection !== undefined) {
      connection.destroy();
      // destroy() of mysql2 waits for the peer, which may be mute.
      (connection as unknown as { readonly stream: Socket }).stream.destroy();
    }
  }

  private async queryNow<T>(sql: string, values: readonly unknown[]): Promise<T[]> {
    const connection = (this.connection ??= await this.connect());
    return ask<T>(connection, sql, values);
  }

  private async connect(): Promise<Connection> {
    const connection = createConnection({ ...clientOptions(this.database), dateStrings: true });
    this.connection = connection;
    // What goes wrong is told by the query that it goes wrong for; between queries, by the next one.
    connection.on('error', () => undefined);
    for (const statement of SESSION_STATEMENTS) {
      await ask(connection, statement, []);
    }
    const [wsrep] = await ask<{ Value: string }>(connection, "SHOW VARIABLES LIKE 'wsrep_on'", []);
    if (wsrep?.Value === 'ON') {
      await ask(connection, 'SET SESSION wsrep_sync_wait = 1', []);
    }
    return connection;
  }
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
