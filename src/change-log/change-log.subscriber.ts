import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import type { EventSubscriber } from '../events/event-subscriber.js';
import type { ChangeEvent } from '../events/event.js';
import { altersVerdict } from './alters-verdict.js';
import { ChangeLog, type Change } from './change-log.js';

/**
 * Writes a change-log entry for each event that can alter a verdict. Other events, for example a
 * new label, are announced in this process only: the other instances reload a key within 60 s.
 */
@Injectable()
export class ChangeLogSubscriber implements EventSubscriber {
  constructor(private readonly changeLog: ChangeLog) {}

  record(transaction: Transaction, events: readonly ChangeEvent[]): void {
    for (const event of events) {
      if (altersVerdict(event)) {
        this.changeLog.record(transaction, changeOf(event));
      } else {
        this.changeLog.notify(transaction, changeOf(event));
      }
    }
  }

  recordUnchanged(transaction: Transaction, events: readonly ChangeEvent[]): void {
    for (const event of events) {
      this.changeLog.notify(transaction, changeOf(event));
    }
  }
}

/** The key that the event is about, or the whole organization. */
function changeOf(event: ChangeEvent): Change {
  const { organizationId } = event;
  return 'keyId' in event ? { organizationId, keyId: event.keyId } : { organizationId };
}
