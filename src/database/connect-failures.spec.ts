import { asRefusal, reasonOf, whatToCheck, type ConnectionTarget } from './connect-failures.js';
import { DatabaseRefusedError } from './database-errors.js';

const TARGET: ConnectionTarget = {
  user: 'alice',
  database: 'keys',
  host: 'db.example',
  port: 3306,
  socketPath: undefined,
  usesTls: false,
};

const failure = (more: { readonly errno?: number; readonly code?: string }, message = 'what the server said') =>
  Object.assign(new Error(message), more);

describe('a connection attempt that failed', () => {
  it.each([
    [1045, 'access denied', /user "alice".*user and the password in DATABASE_URL/],
    [1698, 'access denied without a password', /user "alice".*user and the password in DATABASE_URL/],
    [1862, 'an expired password', /user "alice".*user and the password in DATABASE_URL/],
    [3118, 'a locked account', /user "alice".*DATABASE_URL/],
    [4151, 'a locked account on MariaDB', /user "alice".*DATABASE_URL/],
    [1049, 'an unknown database', /database "keys".*name at the end of DATABASE_URL/],
    [1044, 'a database that is not granted', /"alice" may not use the database "keys".*DATABASE_URL/],
    [1130, 'an address that may not connect', /address of this machine.*host in DATABASE_URL/],
    [1129, 'an address that is blocked', /address of this machine.*host in DATABASE_URL/],
    [1251, 'an authentication that mysql2 lacks', /"alice" cannot be authenticated.*DATABASE_URL/],
    [1524, 'an authentication that the server lacks', /"alice" cannot be authenticated.*DATABASE_URL/],
    [3159, 'a server that takes TLS only', /Set tls= in DATABASE_URL/],
  ])('with %d, %s, is a refusal that says what to check', (errno, _, advice) => {
    const refusal = asRefusal(failure({ errno }), TARGET);
    expect(refusal).toBeInstanceOf(DatabaseRefusedError);
    expect(refusal?.detail).toMatch(advice);
    expect(refusal?.detail).toContain('what the server said');
  });

  it.each([
    ['AUTH_SWITCH_PLUGIN_ERROR', 'unknown plugin ed25519', /cannot be authenticated/],
    ['MYSQL_CLEAR_PASSWORD_NOT_ENABLED', 'plaintext', /cannot be authenticated/],
    ['HANDSHAKE_NO_SSL_SUPPORT', 'Server does not support secure connection', /tls= and ca= in DATABASE_URL/],
    ['HANDSHAKE_SSL_ERROR', 'self-signed certificate', /tls= and ca= in DATABASE_URL/],
  ])('with %s is a refusal that says what to check', (code, message, advice) => {
    expect(asRefusal(failure({ code }, message), TARGET)?.detail).toMatch(advice);
  });

  it.each([
    [{ code: 'ECONNREFUSED' }, 'connect ECONNREFUSED'],
    [{ code: 'ETIMEDOUT' }, 'connect ETIMEDOUT'],
    [{ code: 'PROTOCOL_CONNECTION_LOST' }, 'Connection lost'],
    [
      { code: 'HANDSHAKE_SSL_ERROR' },
      'Client network socket disconnected before secure TLS connection was established',
    ],
    [{ errno: 1040 }, 'Too many connections'],
    [{ errno: 1203 }, 'max_user_connections'],
    [{ errno: 1053 }, 'shutdown in progress'],
  ])('with %o is no refusal, because a later attempt may succeed', (more, message) => {
    expect(asRefusal(failure(more, message), TARGET)).toBeNull();
  });

  it('mentions TLS to a user who is refused without it, and only then', () => {
    expect(asRefusal(failure({ errno: 1045 }), TARGET)?.detail).toContain('tls=');
    expect(asRefusal(failure({ errno: 1045 }), { ...TARGET, usesTls: true })?.detail).not.toContain('tls=');
  });

  it.each([
    ['ENOTFOUND', TARGET, 'check the host (db.example) in DATABASE_URL'],
    ['ECONNREFUSED', TARGET, 'host and port (db.example:3306) in DATABASE_URL'],
    ['ENOENT', { ...TARGET, socketPath: '/run/db.sock' }, 'socketPath (/run/db.sock) in DATABASE_URL'],
  ])('with %s names the part of DATABASE_URL that leads nowhere', (code, target, advice) => {
    expect(whatToCheck(failure({ code }), target)).toContain(advice);
  });

  it('for several addresses of one host is described by its code, because its message is empty', () => {
    const error = Object.assign(new AggregateError([failure({ code: 'ECONNREFUSED' })]), { code: 'ECONNREFUSED' });
    expect(reasonOf(error)).toBe('ECONNREFUSED');
  });
});
