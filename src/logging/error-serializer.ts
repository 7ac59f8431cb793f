/** Far deeper than any real chain; a cycle ends here. */
const DEEPEST_CAUSE = 8;
const MOST_ERRORS = 8;

/** What the log says of an error. */
export interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  /** The database's own number and state. */
  readonly errno?: number;
  readonly sqlState?: string;
  /** What a domain error tells the log alone. */
  readonly detail?: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
  /** The members of an AggregateError. */
  readonly errors?: readonly ErrorDescription[];
}

/**
 * An error as the log may show it, by allow-list: TypeORM and mysql2 hang the statement and its parameters on their errors, and
 * parsers the text they could not read; none of that is copied.
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
      errors: members.slice(0, MOST_ERRORS).map((member) => serializeError(member, depth + 1)),
    }),
  };
}

function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol | null | undefined {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function';
}
