import { DomainError, type DomainErrorOptions } from './domain-error.js';

/**
 * The queue of the caller is full: it sends faster than it is served. Other callers are not
 * affected.
 */
export class TooManyRequestsError extends DomainError {
  readonly kind = 'too_many_requests';
  readonly code = 'TOO_MANY_REQUESTS';

  constructor(
    options: DomainErrorOptions = {},
    /** After how many seconds trying again makes sense. */
    readonly retryAfterSeconds = 1,
  ) {
    super(
      'Too many requests of this API key or its organization are waiting already. Send fewer at a time, and try again after the seconds in Retry-After.',
      options,
    );
  }
}
