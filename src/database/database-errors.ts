import { UnavailableError } from '../common/unavailable-error.js';

/** The client side of a connection failed: nothing came back, or nothing could be sent. */
const CONNECTION_CODES = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_ENQUEUE_AFTER_QUIT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'POOL_CLOSED',
]);

/**
 * The server answered, and cannot serve: too many connections (1040), not allowed in (1044, 1045, 1049), shutting down (1053, 1079,
 * 3168, 3169), killed (1317, 1927), lock wait over (1205), read-only (1290, 1792, 1836), too slow (1969, 3024), not part of its cluster (1047).
 */
const SERVER_ERRNOS = new Set([
  1040, 1044, 1045, 1047, 1049, 1053, 1079, 1130, 1203, 1205, 1226, 1290, 1317, 1792, 1836, 1927, 1969, 3024, 3032, 3168, 3169, 4031,
]);

const DEADLOCK = 1213;

/** The connection broke, or time ran out, after COMMIT was sent: the change may or may not hold. */
export class CommitUnknownError extends UnavailableError {
  constructor(cause: unknown) {
    super({ cause, detail: 'the outcome of a commit is unknown' });
  }
}

/** A deadlock, or a certification conflict on Galera: the transaction did not happen and may be tried again. */
export function isConflict(error: unknown): boolean {
  return driverError(error)?.errno === DEADLOCK;
}

/** Whether the error says that the database cannot serve now, rather than that a statement is wrong. */
export function isOutage(error: unknown): boolean {
  const { code, errno, fatal } = driverError(error) ?? {};
  return CONNECTION_CODES.has(code ?? '') || SERVER_ERRNOS.has(errno ?? 0) || fatal === true;
}

/** The error as callers should see it: outages and lost conflicts as `UnavailableError`, everything else as it is. */
export function asDomainError(error: unknown): unknown {
  return isOutage(error) || isConflict(error) ? new UnavailableError({ cause: error }) : error;
}

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly fatal?: boolean;
}

/** mysql2's own error, which TypeORM wraps. */
function driverError(error: unknown): DriverError | null {
  if (!(error instanceof Error)) {
    return null;
  }
  if ('driverError' in error && error.driverError instanceof Error) {
    return driverError(error.driverError);
  }
  if (error.message === 'Pool is closed.') {
    return { code: 'POOL_CLOSED' };
  }
  return error as DriverError;
}
