import type { Transaction } from '../database/transaction.js';
import type { ChangeEvent } from './event.js';

/**
 * Receives the events of a transaction while it runs. A subscriber that throws rolls the change
 * back.
 */
export interface EventSubscriber {
  /**
   * Writes what follows from the events, in the transaction of the change. Statements run at once;
   * the final statement of the transaction (`Transaction.beforeCommit`) belongs to the change log.
   */
  record(transaction: Transaction, events: readonly ChangeEvent[]): void | Promise<void>;

  /**
   * Receives the events that change nothing but `updatedAt`. They are no changes, so nothing may be
   * written for them. Only caches in this process that hold `updatedAt` need them.
   */
  recordUnchanged?(transaction: Transaction, events: readonly ChangeEvent[]): void;
}
