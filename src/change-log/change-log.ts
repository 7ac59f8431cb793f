import { Injectable } from '@nestjs/common';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import type { Transaction } from '../database/transaction.js';

/** One key whose verdicts may have changed, or (without `keyId`) every key of an organization. */
export interface Change {
  readonly organizationId: OrganizationId;
  readonly keyId?: ApiKeyId;
}

export type ChangeLogListener = (change: Change) => void;

/** The changes of a commit whose outcome is unknown. */
export interface UnconfirmedCommit {
  /**
   * The id of the first change-log entry of the transaction. It exists if, and only if, the commit
   * took place.
   */
  readonly firstEntryId: string;
  readonly changes: readonly Change[];
}

export type UnconfirmedCommitListener = (commit: UnconfirmedCommit) => void;

/**
 * The log of changes that can alter a verdict. The transaction of the change writes its entry, so
 * that no instance can miss it. Listeners in this process are called before the response is sent.
 */
@Injectable()
export class ChangeLog {
  private readonly listeners = new Set<ChangeLogListener>();
  private readonly unconfirmedListeners = new Set<UnconfirmedCommitListener>();
  private readonly pending = new WeakMap<Transaction, Change[]>();

  /**
   * Calls back for each change of this process once its COMMIT was sent, even if the outcome is
   * unknown.
   */
  subscribe(listener: ChangeLogListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back for each commit with entries that was sent and not acknowledged in time. */
  subscribeUnconfirmed(listener: UnconfirmedCommitListener): () => void {
    this.unconfirmedListeners.add(listener);
    return () => this.unconfirmedListeners.delete(listener);
  }

  /**
   * Adds a change to the log. For `ChangeLogSubscriber` and `UnconfirmedCommits` only: services
   * record events. The entries of a transaction are written by its final statement, whenever they
   * were added: the time of an entry must be close to its commit, because instances read only the
   * last 20 s again.
   */
  record(transaction: Transaction, change: Change): void {
    const changes = this.pending.get(transaction);
    if (changes === undefined) {
      this.writeBeforeCommit(transaction, [change]);
    } else {
      changes.push(change);
    }
    this.notify(transaction, change);
  }

  /**
   * Calls the listeners in this process once the transaction has settled, without an entry: for
   * changes that no verdict depends on, for example a label.
   */
  notify(transaction: Transaction, change: Change): void {
    transaction.onSettled(() => {
      for (const listener of this.listeners) {
        listener(change);
      }
    });
  }

  private writeBeforeCommit(transaction: Transaction, changes: Change[]): void {
    let firstEntryId = '';
    transaction.beforeCommit(async () => {
      // A change that is added from now on must fail, because nothing would write it.
      this.pending.delete(transaction);
      firstEntryId = await insertEntries(transaction, changes);
    });
    this.pending.set(transaction, changes);
    transaction.onSettled((settled) => {
      if (settled === 'unknown') {
        for (const listener of this.unconfirmedListeners) {
          listener({ firstEntryId, changes });
        }
      }
    });
  }
}

/**
 * Writes one entry for each change, in one statement.
 * @returns the id of the first entry, which is the lowest
 */
async function insertEntries({ manager }: Transaction, changes: readonly Change[]): Promise<string> {
  const { insertId } = await manager.query<{ insertId: number | string }>(
    `INSERT INTO key_changes (organization_id, key_id, created_at) VALUES ${changes.map(() => '(?, ?, UTC_TIMESTAMP(3))').join(', ')}`,
    changes.flatMap(idsOf),
  );
  return String(insertId);
}

/** The values of the columns `organization_id` and `key_id`. */
export function idsOf({ organizationId, keyId }: Change): [Buffer, Buffer | null] {
  return [idToBytes('org_', organizationId), keyId === undefined ? null : idToBytes('api_key_', keyId)];
}
