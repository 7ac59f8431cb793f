import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../database/database.js';
import { CommitUnknownError } from '../database/database-errors.js';
import type { Transaction } from '../database/transaction.js';
import { ChangeLog, idsOf, type UnconfirmedCommit } from './change-log.js';

/**
 * Short: the time between a late commit and its second entry must leave room for a poll within the
 * freshness bound.
 */
const RETRY_PAUSE_MS = 250;
/** Longer than one attempt may take. */
const STOP_DEADLINE_MS = 5_000;

/**
 * Writes the change-log entries of a commit that was not acknowledged in time once more, as soon as
 * its outcome is certain. The server may have received such a commit and finish it minutes later,
 * for example when a semi-synchronous replica is away. By then its entries can be older than the
 * part of the log that instances read again.
 */
@Injectable()
export class UnconfirmedCommits implements OnApplicationShutdown {
  private readonly logger = new Logger(UnconfirmedCommits.name);
  private readonly waiting = new Set<UnconfirmedCommit>();
  private running: Promise<void> | undefined;
  private stopAtMs = Infinity;

  private readonly database: Database;

  constructor(
    database: Database,
    private readonly changeLog: ChangeLog,
  ) {
    // Requests can hold every connection of their lane while they wait for what delayed the commit.
    this.database = database.over('system');
    changeLog.subscribeUnconfirmed((commit) => {
      this.logger.warn(`a commit was not acknowledged; its change-log entries are written again: ${subjects(commit)}`);
      this.waiting.add(commit);
      this.running ??= this.run();
    });
  }

  /** Continues for a few seconds, and then logs the entries that could not be written. */
  async onApplicationShutdown(): Promise<void> {
    this.stopAtMs = performance.now() + STOP_DEADLINE_MS;
    await this.running;
    for (const commit of this.waiting) {
      this.logger.error(`the second change-log entries were not written before the stop: ${subjects(commit)}`);
    }
  }

  private async run(): Promise<void> {
    while (this.waiting.size > 0 && performance.now() < this.stopAtMs) {
      for (const commit of [...this.waiting]) {
        if (performance.now() < this.stopAtMs && (await this.isWritten(commit))) {
          this.waiting.delete(commit);
        }
      }
      await sleep(this.waiting.size > 0 ? RETRY_PAUSE_MS : 0);
    }
    this.running = undefined;
  }

  private async isWritten(commit: UnconfirmedCommit): Promise<boolean> {
    try {
      await this.database.transaction(async (transaction) => {
        await assertSettled(transaction, commit);
        for (const change of commit.changes) {
          this.changeLog.record(transaction, change);
        }
      });
      this.logger.log(`the change-log entries of a late commit were written again: ${subjects(commit)}`);
      return true;
    } catch (error) {
      this.logger.debug(error, 'change-log entries could not be written again; the next attempt follows');
      // This commit has been reported as unconfirmed itself, with the same changes.
      return error instanceof CommitUnknownError;
    }
  }
}

/**
 * Makes sure that the transaction of the entry has ended. While it has not, its entry is locked and
 * the first statement fails. The second one writes the entry if it does not exist: on Galera, a
 * transaction that is still to be certified on another node then conflicts with it and is rolled
 * back.
 */
async function assertSettled({ manager }: Transaction, { firstEntryId, changes }: UnconfirmedCommit): Promise<void> {
  await manager.query('SELECT id FROM key_changes WHERE id = ? FOR UPDATE NOWAIT', [firstEntryId]);
  await manager.query(
    `INSERT INTO key_changes (id, organization_id, key_id, created_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE id = VALUES(id)`,
    [firstEntryId, ...changes.slice(0, 1).flatMap(idsOf)],
  );
}

function subjects({ changes }: UnconfirmedCommit): string {
  return changes.map(({ organizationId, keyId }) => keyId ?? organizationId).join(', ');
}
