import type { Socket } from 'node:net';
import type { DataSource, QueryRunner } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { SESSION_STATEMENTS } from './connection-options.js';
import { asDomainError } from './database-errors.js';

/** What we use of mysql2's pooled connection. */
interface PooledConnection {
  readonly stream: Socket;
  destroy(): void;
}

const connections = new WeakMap<QueryRunner, PooledConnection>();
const prepared = new WeakSet<PooledConnection>();

/**
 * A connection of the pool, ready for use. mysql2 has no deadline for this of its own.
 * @throws UnavailableError when none is free, or none can be made, in time
 */
export async function lease(dataSource: DataSource, deadlineMs: number): Promise<QueryRunner> {
  const runner = dataSource.createQueryRunner();
  const acquired = acquire(runner);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<'too late'>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, 'too late');
  });
  try {
    if ((await Promise.race([acquired, tooLate])) === 'too late') {
      // Whenever it comes after all, it goes straight back: nobody waits for it any more.
      giveBackWhenItComes(acquired, runner);
      throw new UnavailableError({ detail: `no database connection within ${deadlineMs} ms` });
    }
    return runner;
  } catch (error) {
    throw asDomainError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Destroys the connection under a runner, so that it never goes back to the pool; the socket too, for its peer may be mute. */
export function discard(runner: QueryRunner): void {
  const connection = connections.get(runner);
  if (connection !== undefined) {
    connections.delete(runner);
    connection.destroy();
    connection.stream.destroy();
  }
}

async function acquire(runner: QueryRunner): Promise<void> {
  const connection = (await runner.connect()) as PooledConnection;
  connections.set(runner, connection);
  if (prepared.has(connection)) {
    return;
  }
  try {
    for (const statement of SESSION_STATEMENTS) {
      await runner.query(statement);
    }
    prepared.add(connection);
  } catch (error) {
    discard(runner);
    throw error;
  }
}

function giveBackWhenItComes(acquired: Promise<void>, runner: QueryRunner): void {
  acquired.then(
    () => runner.release(),
    () => undefined,
  );
}
