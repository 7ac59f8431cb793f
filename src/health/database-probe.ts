import { Injectable } from '@nestjs/common';
import { Database, type DatabaseReachability } from '../database/database.js';

/**
 * `busy`: no connection became free for the probe, so that nothing is known about the database.
 * `unknown`: no probe yet.
 */
export type DatabaseState = DatabaseReachability | 'unknown';
export const DATABASE_STATES = [
  'reachable',
  'busy',
  'unreachable',
  'unknown',
] as const satisfies readonly DatabaseState[];

const CACHED_MS = 1_000;

/** Probes the database, at most once a second, because health checks need no credentials. */
@Injectable()
export class DatabaseProbe {
  private latest: { readonly atMs: number; readonly result: Promise<DatabaseState> } | undefined;
  /** The result of the last probe. */
  lastSeen: DatabaseState = 'unknown';

  private readonly database: Database;

  constructor(database: Database) {
    this.database = database.over('system');
  }

  /** Whether the database can be reached; a result is used for a second. */
  async state(): Promise<DatabaseState> {
    const nowMs = performance.now();
    if (this.latest === undefined || nowMs - this.latest.atMs > CACHED_MS) {
      this.latest = { atMs: nowMs, result: this.probe() };
    }
    return this.latest.result;
  }

  private async probe(): Promise<DatabaseState> {
    this.lastSeen = await this.database.reachability();
    return this.lastSeen;
  }
}
