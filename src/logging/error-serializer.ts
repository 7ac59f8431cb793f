/** Deeper than any real chain of causes, so that a cycle ends. */
const DEEPEST_CAUSE = 8;
const MAX_ERRORS = 8;

/** An error in the log. */
export interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  /** The database's error number and SQL state. */
  readonly errno?: number;
  readonly sqlState?: string;
  /** The detail of a domain error, which is for the log only. */
  readonly detail?: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
  /** The members of an AggregateError. */
  readonly errors?: readonly ErrorDescription[];
}

/**
 * Serializes an error by allow-list. Errors of TypeORM and mysql2 carry the statement and its
 * parameters, and those of parsers the text that failed; none of that is copied.
 */
export function serializeError(thrown: unknown, depth = 0): ErrorDescription {
  if (!(thrown instanceof Error)) {
    return {
      type: typeof thrown,
      message: isPrimitive(thrown) ? String(thrown) : 'something that is not an Error was thrown',
    };
  }
  const known = thrown as Error & Record<'code' | 'errno' | 'sqlState' | 'detail', unknown>;
  return {
    type: thrown.name,
    message: thrown.message,
    ...((typeof known.code === 'string' || typeof known.code === 'number') && { code: known.code }),
    ...(typeof known.errno === 'number' && { errno: known.errno }),
    ...(typeof known.sqlState === 'string' && { sqlState: known.sqlState }),
    ...(typeof known.detail === 'string' && { detail: known.detail }),
    ...(thrown.stack !== undefined && { stack: thrown.stack }),
    ...describeBelow(thrown, depth),
  };
}

function describeBelow(thrown: Error, depth: number): Pick<ErrorDescription, 'cause' | 'errors'> {
  if (depth === DEEPEST_CAUSE) {
    return {};
  }
  const members: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [];
  return {
    ...(thrown.cause !== undefined && { cause: serializeError(thrown.cause, depth + 1) }),
    ...(members.length > 0 && {
      errors: members.slice(0, MAX_ERRORS).map((member) => serializeError(member, depth + 1)),
    }),
  };
}

function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol | null | undefined {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function';
}
