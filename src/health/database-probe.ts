import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

export const DATABASE_STATES = ['reachable', 'unreachable', 'unknown'] as const;
export type DatabaseState = (typeof DATABASE_STATES)[number];

const REMEMBERED_MS = 1_000;

/** Asks the database whether it is there, once a second at the most: anybody may ask us. */
@Injectable()
export class DatabaseProbe {
  private asked: { readonly atMs: number; readonly answer: Promise<DatabaseState> } | undefined;
  /** What the last probe found. */
  lastSeen: DatabaseState = 'unknown';

  constructor(private readonly database: Database) {}

  /** Whether the database answers; what was found less than a second ago is believed. */
  async state(): Promise<DatabaseState> {
    const nowMs = performance.now();
    if (this.asked === undefined || nowMs - this.asked.atMs > REMEMBERED_MS) {
      this.asked = { atMs: nowMs, answer: this.probe() };
    }
    return this.asked.answer;
  }

  private async probe(): Promise<DatabaseState> {
    this.lastSeen = (await this.database.isReachable()) ? 'reachable' : 'unreachable';
    return this.lastSeen;
  }
}
