import { DomainError, type DomainErrorOptions } from './domain-error.js';

/**
 * Something this service depends on does not answer. Says nothing about any key; the caller should
 * try again.
 */
export class UnavailableError extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'UNAVAILABLE';

  constructor(
    options: DomainErrorOptions = {},
    /** After how many seconds trying again makes sense. */
    readonly retryAfterSeconds = 1,
  ) {
    super(
      'The service is too busy, or cannot reach its database. Nothing was decided about your key; try again shortly.',
      options,
    );
  }
}
