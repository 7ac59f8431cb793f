import type { Socket } from 'node:net';
import type { DataSource, QueryRunner } from 'typeorm';
import { AtCapacityError } from '../common/at-capacity-error.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { ConnectionLanes, type Lane } from './connection-lanes.js';
import { DEFAULT_POOL_SIZE, MAX_IDLE_MS } from './connection-options.js';
import { isConnectionLimit } from './database-errors.js';
import { withDeadline } from './with-deadline.js';

/** The part of mysql2's pooled connection that is used here. */
interface DriverConnection {
  readonly stream: Socket;
  destroy(): void;
}

/** Every connection was in use until the deadline. Says nothing about the database. */
export class PoolBusyError extends AtCapacityError {}

/**
 * The connections of a data source, shared by lanes, with a deadline for acquiring one, which
 * mysql2's pool lacks. If the server refuses a connection while this process has others, the pool
 * shrinks to those for a few seconds, and the user waits for one of them.
 */
export class ConnectionPool {
  readonly lanes: ConnectionLanes;
  /** When each connection last worked, on the monotonic clock. Unused connections are not in it. */
  private readonly provenMs = new WeakMap<DriverConnection, number>();
  private distrustBeforeMs = -Infinity;
  private readonly inUse = new Set<PooledConnection>();
  private lastReturnMs = -Infinity;
  private lastTimeoutMs = -Infinity;

  constructor(private readonly dataSource: DataSource) {
    const { poolSize = DEFAULT_POOL_SIZE } = dataSource.options;
    this.lanes = new ConnectionLanes(poolSize);
  }

  /**
   * Waits for a connection that is ready for use.
   * @param deadline on the monotonic clock
   * @throws PoolBusyError when none is free for this lane before the deadline
   * @throws UnavailableError when none can be opened before the deadline, or the database does not
   * answer the users of the others
   */
  async acquire(deadline: number, lane: Lane, organizationId: string | null): Promise<PooledConnection> {
    const startedMs = performance.now();
    const detail = `no database connection for ${lane} within ${Math.round(deadline - startedMs)} ms`;
    for (;;) {
      if (!(await this.lanes.enter(lane, organizationId, deadline - performance.now()))) {
        throw this.isSilentSince(startedMs) ? new UnavailableError({ detail }) : new PoolBusyError({ detail });
      }
      const connection = await this.connect(deadline, detail, () => {
        this.lanes.leave(lane, organizationId);
      });
      if (connection !== null) {
        return connection;
      }
    }
  }

  /**
   * Null when the server refuses another connection, so that the caller waits for one of the open
   * ones.
   */
  private async connect(deadline: number, detail: string, leave: () => void): Promise<PooledConnection | null> {
    const startedMs = performance.now();
    const tooLate = new UnavailableError({ detail });
    const connection = new PooledConnection(this.dataSource.createQueryRunner(), {
      worked: (connection) => {
        this.lastReturnMs = performance.now();
        this.provenMs.set(connection, this.lastReturnMs);
      },
      // A silent peer may be silent on every connection that has not been used since.
      timedOut: () => {
        this.lastTimeoutMs = performance.now();
        this.distrustBeforeMs = Math.max(this.distrustBeforeMs, startedMs);
      },
      ended: () => {
        this.inUse.delete(connection);
        leave();
      },
    });
    this.inUse.add(connection);
    try {
      await withDeadline(deadline, this.prepare(connection), tooLate);
      return connection;
    } catch (error) {
      const held = [...this.inUse].filter(({ hasConnection }) => hasConnection).length;
      const canWait = isConnectionLimit(error) && (held > 0 || this.lastReturnMs >= startedMs);
      if (canWait) {
        this.lanes.shrinkTo(Math.max(1, held));
      }
      connection.destroy(error === tooLate ? 'timed out' : 'failed');
      if (canWait) {
        return null;
      }
      // Any other refusal (a locked account, a certificate) is an outage to the caller.
      throw error instanceof UnavailableError ? error : new UnavailableError({ cause: error });
    }
  }

  /** Whether no connection has worked since then, and the last one to end timed out. */
  private isSilentSince(startedMs: number): boolean {
    return this.lastReturnMs < startedMs && this.lastTimeoutMs > this.lastReturnMs;
  }

  private async prepare(pooled: PooledConnection): Promise<void> {
    for (;;) {
      const connection = await pooled.connect(this.dataSource);
      const provenMs = this.provenMs.get(connection);
      // mysql2 closes idle connections by a timer. This check covers a process that was suspended.
      const oldestMs = Math.max(this.distrustBeforeMs, performance.now() - MAX_IDLE_MS);
      if (provenMs === undefined || provenMs >= oldestMs) {
        return;
      }
      destroy(connection);
    }
  }
}

interface PooledConnectionEvents {
  worked(connection: DriverConnection): void;
  timedOut(): void;
  ended(): void;
}

/** A connection in the hands of one user, until `release` or `destroy`. */
export class PooledConnection {
  private connection: DriverConnection | undefined;
  private connecting = false;
  private hasEnded = false;

  constructor(
    public runner: QueryRunner,
    private readonly events: PooledConnectionEvents,
  ) {}

  get hasConnection(): boolean {
    return this.connection !== undefined;
  }

  /** For `ConnectionPool`: takes a connection from mysql2's pool, another one on each call. */
  async connect(dataSource: DataSource): Promise<DriverConnection> {
    if (this.hasEnded) {
      throw new Error('the connection has ended');
    }
    if (this.connection !== undefined) {
      this.runner = dataSource.createQueryRunner();
      this.connection = undefined;
    }
    this.connecting = true;
    try {
      this.connection = (await this.runner.connect()) as DriverConnection;
    } finally {
      this.connecting = false;
      this.endLate();
    }
    return this.connection;
  }

  /** Returns the connection to the pool. No statement may be running on it. */
  async release(): Promise<void> {
    if (this.hasEnded) {
      return;
    }
    this.hasEnded = true;
    if (this.connection !== undefined) {
      this.events.worked(this.connection);
    }
    await this.runner.release();
    this.events.ended();
  }

  /** Destroys the connection and its socket, because the peer may be silent. */
  destroy(reason: 'failed' | 'timed out'): void {
    if (this.hasEnded) {
      return;
    }
    this.hasEnded = true;
    if (reason === 'timed out') {
      this.events.timedOut();
    }
    if (this.connecting) {
      // mysql2 cannot cancel a connection attempt. `endLate` destroys its result.
      return;
    }
    if (this.connection !== undefined) {
      destroy(this.connection);
    }
    this.events.ended();
  }

  private endLate(): void {
    if (!this.hasEnded) {
      return;
    }
    if (this.connection !== undefined) {
      destroy(this.connection);
    }
    this.events.ended();
  }
}

function destroy(connection: DriverConnection): void {
  connection.destroy();
  connection.stream.destroy();
}
