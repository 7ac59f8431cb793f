import { errorCode } from '../common/error-code.js';
import { DatabaseRefusedError, serverErrno } from './database-errors.js';

/** The server, the database and the user of a connection: DATABASE_URL without the password. */
export interface ConnectionTarget {
  readonly user: string;
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  readonly usesTls: boolean;
}

/**
 * Access denied (1045, 1698), password expired (1820, 1862), account locked (3118, 3955, MariaDB's
 * 4151).
 */
const USER_ERRNOS = new Set([1045, 1698, 1820, 1862, 3118, 3955, 4151]);
/** The client's address may not connect (1130), or is blocked after too many failures (1129). */
const ADDRESS_ERRNOS = new Set([1129, 1130]);
/**
 * The account's authentication plugin is not supported by mysql2 (1251, 1275), or by the server
 * (1524).
 */
const AUTHENTICATION_ERRNOS = new Set([1251, 1275, 1524]);
const AUTHENTICATION_CODES = new Set(['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED']);
const DATABASE_DENIED = 1044;
const DATABASE_UNKNOWN = 1049;
const TLS_REQUIRED = 3159;
const TLS_CODES = new Set(['HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR']);
/** The connection broke during the TLS handshake, which says nothing about certificates. */
const TLS_CUT = /disconnected before secure TLS|ECONNRESET|EPIPE/;

/**
 * The error as a permanent refusal, with what to check. Null when the server may accept later.
 * @param error the error of a failed connection attempt
 */
export function asRefusal(error: unknown, target: ConnectionTarget): DatabaseRefusedError | null {
  const what = refusal(error, target);
  return what === null ? null : new DatabaseRefusedError(what, { cause: error });
}

function refusal(error: unknown, { user, database, usesTls }: ConnectionTarget): string | null {
  const errno = serverErrno(error);
  const code = errorCode(error) ?? '';
  const said = reasonOf(error);
  if (USER_ERRNOS.has(errno)) {
    const tls = usesTls ? '' : ' An account that requires TLS also needs tls= there.';
    return `the server refused the user "${user}" (${said}). Check the user and the password in DATABASE_URL.${tls}`;
  }
  if (errno === DATABASE_UNKNOWN) {
    return `the server has no database "${database}" (${said}). Create it, or check the name at the end of DATABASE_URL.`;
  }
  if (errno === DATABASE_DENIED) {
    return `the user "${user}" may not use the database "${database}" (${said}). Grant it, or check the user and the name in DATABASE_URL.`;
  }
  if (ADDRESS_ERRNOS.has(errno)) {
    return `the server refuses connections from the address of this machine (${said}). Create the user "${user}" for that address, or check the host in DATABASE_URL.`;
  }
  if (AUTHENTICATION_ERRNOS.has(errno) || AUTHENTICATION_CODES.has(code)) {
    return `the user "${user}" cannot be authenticated (${said}). Give it a password by mysql_native_password or caching_sha2_password, or name another user in DATABASE_URL.`;
  }
  if (errno === TLS_REQUIRED) {
    return `the server takes encrypted connections only (${said}). Set tls= in DATABASE_URL.`;
  }
  if (TLS_CODES.has(code) && !TLS_CUT.test(said)) {
    return `the TLS connection failed (${said}). Check tls= and ca= in DATABASE_URL against the certificate of the server.`;
  }
  return null;
}

/** What to check when a connection attempt got no answer at all. */
export function whatToCheck(error: unknown, { host, port, socketPath }: ConnectionTarget): string {
  if (socketPath !== undefined) {
    return `check that the server runs, and socketPath (${socketPath}) in DATABASE_URL`;
  }
  return ['ENOTFOUND', 'EAI_AGAIN'].includes(errorCode(error) ?? '')
    ? `check the host (${host}) in DATABASE_URL`
    : `check that the server runs, and host and port (${host}:${port}) in DATABASE_URL`;
}

/**
 * One line about an error. Node's error for several addresses has no message of its own.
 */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === '' ? (errorCode(error) ?? 'unknown error') : message;
}
