import { UnavailableError } from '../common/unavailable-error.js';
import { reasonOf } from './connect-failures.js';
import { DatabaseSetupError, serverErrno } from './database-errors.js';

/**
 * The account lacks a right: on a table (1142), a column (1143), a routine (1370), or for the whole
 * server (1227).
 */
const RIGHT_ERRNOS = new Set([1142, 1143, 1227, 1370]);

/**
 * The text for an operator whose start or command failed because of the database. Null for any
 * other error.
 */
export function databaseFailure(error: unknown): string | null {
  if (error instanceof DatabaseSetupError) {
    return `The database cannot be used: ${error.detail ?? error.message}`;
  }
  if (error instanceof UnavailableError) {
    const cause = error.cause === undefined ? error.message : reasonOf(error.cause);
    return `The database cannot be used: ${error.detail ?? cause}. Check DATABASE_URL, or increase DATABASE_WAIT_MS if the server needs longer to start.`;
  }
  if (RIGHT_ERRNOS.has(serverErrno(error))) {
    return `The database account lacks a right: ${reasonOf(error)}. Grant it, or name an account that has it in DATABASE_URL.`;
  }
  return null;
}
