/**
 * The kind of an error, independent of the transport. The HTTP layer maps it to a status, the
 * command line to an exit code.
 */
export type ErrorKind =
  'invalid' | 'unauthenticated' | 'forbidden' | 'not_found' | 'conflict' | 'too_many_requests' | 'unavailable';

/** The options of an error. */
export interface DomainErrorOptions {
  /** One message per wrong field, for the envelope's `validator`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** For the log only, never for a client. */
  readonly detail?: string;
  /** For the log only: the underlying error. */
  readonly cause?: unknown;
}

/**
 * The base of every error that a client may see. `message` is for the client: one sentence,
 * what is wrong and how to fix it. `detail` and `cause` are for the log.
 */
export abstract class DomainError extends Error {
  abstract readonly kind: ErrorKind;
  /** A stable identifier in capitals, for programs. */
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

/** Invalid input. `fields` has one message for each invalid field. */
export class InvalidInputError extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'INVALID_INPUT';
}
