import type { Socket } from 'node:net';
import type { DataSource, QueryRunner } from 'typeorm';
import { AtCapacityError } from '../common/at-capacity-error.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { ConnectionLanes, type Lane } from './connection-lanes.js';
import { DEFAULT_POOL_SIZE, MAX_IDLE_MS } from './connection-options.js';
import { isConnectionLimit } from './database-errors.js';
import { withDeadline } from './with-deadline.js';

/** What we use of mysql2's pooled connection. */
interface DriverConnection {
  readonly stream: Socket;
  destroy(): void;
}

/** Every connection was in use for as long as the caller could wait. Says nothing about the database: it was not asked. */
export class PoolBusyError extends AtCapacityError {}

/**
 * The connections of a data source, each lent to one user at a time, by lanes. mysql2's pool has no
 * deadline of its own for this. When the server refuses a further connection while this process
 * holds some, the pool shrinks to what it holds for a few seconds, and the user waits for one of
 * those instead.
 */
export class ConnectionPool {
  readonly lanes: ConnectionLanes;
  /** When a connection was last known to work, on the monotonic clock; one that has never been used is not in it. */
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
   * A connection, ready for use.
   * @throws PoolBusyError when none is free for this lane before the deadline (on the monotonic
   * clock)
   * @throws UnavailableError when none can be made before the deadline, or all are held by users
   * whom the database does not answer
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
   * Null when the server refuses a further connection, and one of those that this process holds is
   * to be waited for.
   */
  private async connect(deadline: number, detail: string, leave: () => void): Promise<PooledConnection | null> {
    const startedMs = performance.now();
    const tooLate = new UnavailableError({ detail });
    const connection = new PooledConnection(this.dataSource.createQueryRunner(), {
      worked: (connection) => {
        this.lastReturnMs = performance.now();
        this.provenMs.set(connection, this.lastReturnMs);
      },
      // A peer that fell silent may have fallen silent on every connection that nobody has used since.
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
      // Whatever the server has against us (a locked account, a certificate), it is no error of whoever asked.
      throw error instanceof UnavailableError ? error : new UnavailableError({ cause: error });
    }
  }

  /** Whether no connection worked since then, and the last that was heard of one is that it timed out. */
  private isSilentSince(startedMs: number): boolean {
    return this.lastReturnMs < startedMs && this.lastTimeoutMs >= this.lastReturnMs;
  }

  private async prepare(pooled: PooledConnection): Promise<void> {
    for (;;) {
      const connection = await pooled.connect(this.dataSource);
      const provenMs = this.provenMs.get(connection);
      // mysql2 closes idle connections by a timer. This finds those that idled while the process
      // could not run its timers.
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

/** A connection while it is one user's. It ends once, by `release` or `discard`. */
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

  /** For `ConnectionPool` alone: gets a connection out of the pool, another one if called again. */
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

  /** Gives the connection back: nothing may be under way on it. */
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

  /** Destroys the connection, so that it never goes back to the pool; the socket too, for its peer may be mute. */
  destroy(reason: 'failed' | 'timed out'): void {
    if (this.hasEnded) {
      return;
    }
    this.hasEnded = true;
    if (reason === 'timed out') {
      this.events.timedOut();
    }
    if (this.connecting) {
      // mysql2 cannot be told to stop trying; whatever comes of it ends the connection.
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
