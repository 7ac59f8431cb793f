import { Injectable } from '@nestjs/common';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import type { Transaction } from '../database/transaction.js';

/** Something whose verdicts may have changed: one key, or (without `keyId`) every key of an organization. */
export interface Change {
  readonly organizationId: OrganizationId;
  readonly keyId?: ApiKeyId;
}

export type ChangeListener = (change: Change) => void;

/**
 * Marks of what can alter a verdict. The mark is written by the transaction that makes the change, so that no instance can
 * miss it; within this process it is announced before the answer leaves.
 */
@Injectable()
export class Changes {
  private readonly listeners = new Set<ChangeListener>();

  /** Calls back for each change made by this process, once its commit has gone out (even if its outcome is unknown). */
  subscribe(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Writes the mark of a change, in the transaction that makes it. */
  async mark(transaction: Transaction, change: Change): Promise<void> {
    await transaction.manager.query(
      'INSERT INTO key_changes (organization_id, key_id, created_at) VALUES (?, ?, UTC_TIMESTAMP(3))',
      [
        idToBytes('org_', change.organizationId),
        change.keyId === undefined ? null : idToBytes('api_key_', change.keyId),
      ],
    );
    this.announce(transaction, change);
  }

  /** Tells this process alone, when the transaction has settled: for what no verdict depends on, a label say. */
  announce(transaction: Transaction, change: Change): void {
    transaction.onSettled(() => {
      for (const listener of this.listeners) {
        listener(change);
      }
    });
  }
}
