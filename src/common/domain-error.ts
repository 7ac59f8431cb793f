/**
 * What went wrong, in terms that no transport owns. The public edge makes a status of it, the
 * command line an exit code.
 */
export type ErrorKind =
  'invalid' | 'unauthenticated' | 'forbidden' | 'not_found' | 'conflict' | 'too_many_requests' | 'unavailable';

/** What an error may carry besides its message. */
export interface DomainErrorOptions {
  /** One message per wrong field, for the envelope's `validator`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** For the log only: never leaves the process. */
  readonly detail?: string;
  /** For the log only: the error underneath. */
  readonly cause?: unknown;
}

/**
 * The base of every error that a caller is meant to see. `message` is for the client: one sentence,
 * what is wrong and how to fix it. `detail` and `cause` are for the log.
 */
export abstract class DomainError extends Error {
  abstract readonly kind: ErrorKind;
  /** Stable, in capitals; for programs and tests. */
  abstract readonly code: string;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly detail: string | undefined;

  constructor(message: string, options: DomainErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.fields = options.fields;
    this.detail = options.detail;
  }
}

/** Input that breaks a rule; `fields` says which and how. */
export class InvalidInputError extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'INVALID_INPUT';
}
