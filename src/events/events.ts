import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import type { EventSubscriber } from './event-subscriber.js';
import { isChange, type ChangeEvent } from './event.js';

/** The token of the subscribers. */
export const EVENT_SUBSCRIBERS = Symbol('event subscribers');

/**
 * Records what changes. This is the only way to say that something changed: every subscriber writes
 * in the transaction of the change, so that none can miss it and none is called for a rollback.
 *
 * @example await events.record(transaction, apiKeyUpdated({ actor, before, after }));
 */
@Injectable()
export class Events {
  constructor(@Inject(EVENT_SUBSCRIBERS) private readonly subscribers: readonly EventSubscriber[]) {}

  /** Records one event. An event that changes nothing is not recorded. */
  async record(transaction: Transaction, event: ChangeEvent): Promise<void> {
    await this.recordAll(transaction, [event]);
  }

  /** Records many events, which a subscriber can write in one statement. */
  async recordAll(transaction: Transaction, events: readonly ChangeEvent[]): Promise<void> {
    const changes = events.filter((event) => isChange(event));
    const unchanged = events.filter((event) => !isChange(event));
    for (const subscriber of this.subscribers) {
      if (changes.length > 0) {
        await subscriber.record(transaction, changes);
      }
      if (unchanged.length > 0) {
        subscriber.recordUnchanged?.(transaction, unchanged);
      }
    }
  }
}
