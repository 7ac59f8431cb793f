import { Injectable } from '@nestjs/common';
import { Database, type DatabaseReachability } from '../database/database.js';

/**
 * `busy`: no connection became free for the probe, which says nothing about the database.
 * `unknown`: not asked yet.
 */
export type DatabaseState = DatabaseReachability | 'unknown';
export const DATABASE_STATES = [
  'reachable',
  'busy',
  'unreachable',
  'unknown',
] as const satisfies readonly DatabaseState[];

const REMEMBERED_MS = 1_000;

/** Asks the database whether it is there, once a second at the most: anybody may ask us. */
@Injectable()
export class DatabaseProbe {
  private asked: { readonly atMs: number; readonly answer: Promise<DatabaseState> } | undefined;
  /** What the last probe found. */
  lastSeen: DatabaseState = 'unknown';

  private readonly database: Database;

  constructor(database: Database) {
    this.database = database.over('system');
  }

  /** Whether the database answers; what was found less than a second ago is believed. */
  async state(): Promise<DatabaseState> {
    const nowMs = performance.now();
    if (this.asked === undefined || nowMs - this.asked.atMs > REMEMBERED_MS) {
      this.asked = { atMs: nowMs, answer: this.probe() };
    }
    return this.asked.answer;
  }

  private async probe(): Promise<DatabaseState> {
    this.lastSeen = await this.database.reachability();
    return this.lastSeen;
  }
}
