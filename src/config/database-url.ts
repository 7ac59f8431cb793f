import { isIP } from 'node:net';
import { readCertificates } from './certificate-file.js';
import { TLS_MODES, type DatabaseConfig } from './config.js';
import type { ParseVariable } from './parse-variable.js';

const FORM = 'mysql://user:password@host:port/name';
const SCHEME = 'mysql://';
const PARAMETERS = ['socketPath', 'tls', 'ca'];
const NAME = /^[\w$%-]{1,64}$/;
/**
 * The characters that end the user and the password of a URL, and how they are written inside them
 * (RFC 3986, 2.1).
 */
const ENCODED: Readonly<Record<string, string>> = { '#': '%23', '/': '%2F', '?': '%3F' };

/** `mysql://user:password@host:port/name`, percent-encoded where needed. */
export const databaseUrl: ParseVariable<DatabaseConfig> = (value) => {
  if (/[\t\r\n]/.test(value)) {
    throw new Error('must not have a tab or a line break in it: write %09 or %0A if it is part of the password');
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const name = url?.pathname.slice(1) ?? '';
  if (url?.protocol !== 'mysql:' || url.username === '' || !NAME.test(name)) {
    throw new Error(explainForm(value, url));
  }
  const unknown = [...url.searchParams.keys()].find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined) {
    throw new Error(explainUnencoded(value, unknown) ?? 'takes only the parameters socketPath, tls and ca');
  }
  if (url.hash !== '') {
    throw new Error(explainUnencoded(value, url.hash) ?? 'must not have a "#" after the name: it ends the URL there');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  return {
    host,
    port: url.port === '' ? 3306 : Number(url.port),
    socketPath: url.searchParams.get('socketPath') ?? undefined,
    user: decoded(url.username, 'user'),
    password: decoded(url.password, 'password'),
    name: decoded(name, 'name'),
    tls: tlsOf(url.searchParams, host),
  };
};

/**
 * Explains why a text is not such a URL. Never repeats the text, because it contains a password.
 */
function explainForm(value: string, url: URL | undefined): string {
  if (!value.startsWith(SCHEME)) {
    return `must begin with ${SCHEME}, also for MariaDB: ${FORM}`;
  }
  const rest = value.slice(SCHEME.length);
  const unencoded = explainUnencoded(value, rest);
  if (unencoded !== undefined) {
    return unencoded;
  }
  if (url === undefined) {
    const withoutPort = `${SCHEME}${rest.replace(/:[^:@/?#\]]*(?=[/?#]|$)/, '')}`;
    return URL.canParse(withoutPort)
      ? 'must have a port from 1 to 65535, or none for 3306'
      : `must be a URL of the form ${FORM}`;
  }
  if (url.username === '') {
    return `must name a user: ${FORM}`;
  }
  return url.pathname.length > 1
    ? 'must end with the name of a database, of letters, digits, _, - and $'
    : `must end with the name of a database: ${FORM}`;
}

/**
 * A part of the URL with an `@` shows that the user or the password was cut short, by the first
 * character that ends them. The characters `@`, `:` and space cut nothing short: they are read as
 * what they are.
 */
function explainUnencoded(value: string, part: string): string | undefined {
  const rest = value.slice(SCHEME.length);
  const credentials = rest.slice(0, rest.lastIndexOf('@'));
  const place = credentials.search(/[#/?]/);
  if (!part.includes('@') || place === -1) {
    return undefined;
  }
  const character = credentials.charAt(place);
  const where = credentials.slice(0, place).includes(':') ? 'password' : 'user';
  return `has a "${character}" in the ${where}: write it as ${ENCODED[character] ?? ''}`;
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new Error(`has a "%" in the ${part}: write it as %25`, { cause: error });
  }
}

function tlsOf(parameters: URLSearchParams, host: string): DatabaseConfig['tls'] {
  const ca = parameters.get('ca');
  const asked = parameters.get('tls') ?? (ca === null ? null : 'verify');
  if (asked === null) {
    return undefined;
  }
  const mode = TLS_MODES.find((known) => known === asked);
  if (mode === undefined) {
    throw new Error(
      'takes tls=verify, tls=verify-ca (the host name is not checked), or tls=insecure (encrypted, but the server is not authenticated)',
    );
  }
  if (mode === 'verify-ca' && ca === null) {
    throw new Error('takes tls=verify-ca only with ca=: anyone can get a certificate from the well-known authorities');
  }
  // mysql2 compares a certificate with host names only.
  if (mode === 'verify' && isIP(host) !== 0) {
    throw new Error('takes tls=verify only with a host name; for an address there is tls=verify-ca with ca=');
  }
  return { mode, ca: ca === null ? undefined : readCertificates(ca) };
}
