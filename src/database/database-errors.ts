import { AtCapacityError } from '../common/at-capacity-error.js';
import { UnavailableError } from '../common/unavailable-error.js';

/** Failures of the client side of a connection. */
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
]);

/** Errors of mysql2's pool, which have no code. */
const POOL_MESSAGES = new Set(['Pool is closed.', 'Queue limit reached.', 'No connections available.']);

/**
 * The server answered that it cannot serve: too many connections (1040, 1203, 1226), out of memory,
 * disk or threads (1021, 1037, 1038, 1041, 1114, 1135), not allowed in (1044, 1045, 1049, 1130),
 * shutting down or offline (1053, 1079, 3032, 3168, 3169), killed or idle for too long (1317, 1927,
 * 4031), lock wait over (1205), read-only (1290, 1792, 1836), too slow (1969, 3024), not part of
 * its cluster (1047, 3100). A table or a column is missing (1051, 1054, 1146): it was there at the
 * start, so a restore is under way.
 */
const SERVER_ERRNOS = new Set([
  1021, 1037, 1038, 1040, 1041, 1044, 1045, 1047, 1049, 1051, 1053, 1054, 1079, 1114, 1130, 1135, 1146, 1203, 1205,
  1226, 1290, 1317, 1792, 1836, 1927, 1969, 3024, 3032, 3100, 3168, 3169, 4031,
]);

/** The server or the account has reached its limit of connections. */
const CONNECTION_LIMIT_ERRNOS = new Set([1040, 1203, 1226]);

/** Another transaction holds the row. The database works, and other rows can be used. */
const LOCK_WAIT_TIMEOUT = 1205;

/**
 * A deadlock or a failed certification on Galera (1213), or on MySQL's Group Replication (3101).
 */
const CONFLICT_ERRNOS = new Set([1213, 3101]);

/** The connection broke or timed out after COMMIT was sent: the change may have taken place. */
export class CommitUnknownError extends UnavailableError {
  constructor(cause: unknown) {
    super({ cause, detail: 'the outcome of a commit is unknown' });
  }
}

/**
 * The database refuses until an operator changes something. `detail` says what. Waiting does not
 * help.
 */
export abstract class DatabaseSetupError extends UnavailableError {
  constructor(detail: string, options: { readonly cause?: unknown } = {}) {
    super({ ...options, detail });
  }
}

/** The server refused a connection attempt. */
export class DatabaseRefusedError extends DatabaseSetupError {}

/**
 * The server, or a proxy in front of it, does not keep the session that every statement of this
 * process relies on.
 */
export class SessionRefusedError extends DatabaseSetupError {}

/**
 * Whether the transaction was rolled back by a deadlock or a certification conflict, and may be
 * retried.
 */
export function isConflict(error: unknown): boolean {
  return CONFLICT_ERRNOS.has(serverErrno(error));
}

/** Whether the server refused a connection because of its limit. */
export function isConnectionLimit(error: unknown): boolean {
  return CONNECTION_LIMIT_ERRNOS.has(driverError(error)?.errno ?? 0);
}

/** Whether the database cannot serve now, as opposed to a wrong statement. */
export function isOutage(error: unknown): boolean {
  const { code, errno, fatal, message } = driverError(error) ?? {};
  return (
    CONNECTION_CODES.has(code ?? '') ||
    SERVER_ERRNOS.has(errno ?? 0) ||
    fatal === true ||
    POOL_MESSAGES.has(message ?? '')
  );
}

/** The server's error number, or 0. */
export function serverErrno(error: unknown): number {
  return driverError(error)?.errno ?? 0;
}

/** Converts outages and lost conflicts to `UnavailableError`. Returns any other error unchanged. */
export function asDomainError(error: unknown): unknown {
  if (driverError(error)?.errno === LOCK_WAIT_TIMEOUT) {
    return new AtCapacityError({ cause: error, detail: 'another transaction held a lock for too long' });
  }
  return isOutage(error) || isConflict(error) ? new UnavailableError({ cause: error }) : error;
}

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly fatal?: boolean;
  readonly message?: string;
}

/**
 * mysql2's error, which TypeORM wraps. Identified by shape, because it can come from another realm.
 */
function driverError(error: unknown): DriverError | null {
  if (typeof error !== 'object' || error === null) {
    return null;
  }
  return 'driverError' in error && error.driverError !== error ? driverError(error.driverError) : error;
}
