import type { Socket } from 'node:net';
import { createPool, type Connection, type Pool, type PoolOptions } from 'mysql2';
import { UnavailableError } from '../common/unavailable-error.js';
import { withDeadline } from './with-deadline.js';
import { prepareSession } from './session.js';

/**
 * Longer than three statements take on a busy server. mysql2 has no time limit after connecting.
 */
const PREPARE_DEADLINE_MS = 2_000;

type Callback = Parameters<Pool['getConnection']>[0];

/**
 * mysql2 for TypeORM, with pools that return prepared connections only: to `ConnectionPool`, to the
 * migrator, and to TypeORM itself, which queries the server's version first.
 */
export const preparedDriver = {
  createPool(options: PoolOptions): Pool {
    const pool = createPool(options);
    const prepared = new WeakSet<Connection>();
    const getConnection = pool.getConnection.bind(pool);
    pool.getConnection = (callback: Callback) => {
      getConnection((error, connection) => {
        // The types omit that there is no connection when there is an error.
        if (error !== null || prepared.has(connection)) {
          callback(error, connection);
          return;
        }
        prepareInTime(connection).then(
          () => {
            prepared.add(connection);
            callback(null, connection);
          },
          (failure: unknown) => {
            destroyConnection(connection);
            callback(failure as NodeJS.ErrnoException, connection);
          },
        );
      });
    };
    return pool;
  },
};

/**
 * Ends a connection without a message to its peer, which may be silent. mysql2's `destroy` alone
 * waits for the peer.
 */
export function destroyConnection(connection: Connection): void {
  connection.destroy();
  (connection as unknown as { readonly stream: Socket }).stream.destroy();
}

async function prepareInTime(connection: Connection): Promise<void> {
  // The failing statement reports the error.
  connection.on('error', () => undefined);
  const tooLate = new UnavailableError({ detail: `no database session within ${PREPARE_DEADLINE_MS} ms` });
  await withDeadline(performance.now() + PREPARE_DEADLINE_MS, prepareSession(connection), tooLate);
}
