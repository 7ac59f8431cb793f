import type { ServerResponse } from 'node:http';
import type { Caller } from '../common/access/caller.js';
import { DomainError } from '../common/domain-error.js';

const MOST_OF_KEY = 8;
const MOST_OF_ORGANIZATION = 16;

/** The clients of one key, or of one organization, ask for more lists than they read. */
export class TooManyListsError extends DomainError {
  readonly kind = 'too_many_requests';
  readonly code = 'TOO_MANY_LISTS';
  readonly retryAfterSeconds = 1;

  constructor() {
    super(
      `Too many lists are under way for this API key (at most ${MOST_OF_KEY}) or its organization (${MOST_OF_ORGANIZATION}). Read their answers to the end, and try again after the seconds in Retry-After.`,
    );
  }
}

/**
 * Bounds the lists that are under way, by key and by organization, from their request until their client has read the answer. A page is up to
 * 1 MB, so this bounds the memory that clients take which ask and do not read.
 */
export class ListAnswers {
  private readonly counts = new Map<string, number>();

  /** How many keys and organizations have lists under way. */
  get size(): number {
    return this.counts.size;
  }

  /** Counts a list until its response is out, or its connection has ended. @throws TooManyListsError */
  enter(caller: Caller, response: ServerResponse): void {
    const keyId = caller.kind === 'key' ? caller.keyId : caller.kind;
    const { organizationId } = caller;
    if (this.countOf(organizationId) >= MOST_OF_ORGANIZATION || this.countOf(keyId) >= MOST_OF_KEY) {
      throw new TooManyListsError();
    }
    if (response.closed) {
      return;
    }
    this.add(organizationId, 1);
    this.add(keyId, 1);
    response.once('close', () => {
      this.add(organizationId, -1);
      this.add(keyId, -1);
    });
  }

  private countOf(subject: string): number {
    return this.counts.get(subject) ?? 0;
  }

  private add(subject: string, change: number): void {
    const count = this.countOf(subject) + change;
    if (count === 0) {
      this.counts.delete(subject);
    } else {
      this.counts.set(subject, count);
    }
  }
}
