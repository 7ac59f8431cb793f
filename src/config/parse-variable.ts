import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { IpNetwork } from '../common/ip-network.js';
import { TLS_MODES, type DatabaseConfig, type InternalToken, type Pepper } from './config.js';

/** Understands the text of a variable, or throws an Error that says what would be right. */
export type ParseVariable<T> = (text: string) => T;

const MIN_PEPPER_BYTES = 32;
const MIN_TOKEN_CHARACTERS = 32;
/** The name becomes a label of metrics: there must not be many. */
const MOST_TOKENS = 64;
const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
/** What RFC 6750 lets a bearer token be made of. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
/** Headers that say something else already. */
const HEADERS_IN_USE = ['authorization', 'host', 'content-length', 'content-type'];

/** One of the given words, exactly as written. */
export function oneOf<const T extends string>(choices: readonly T[]): ParseVariable<T> {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) {
      throw new Error(`must be one of ${choices.join(', ')}`);
    }
    return found;
  };
}

/** A decimal whole number, bounds included. */
export function integer(min: number, max: number): ParseVariable<number> {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

/** A text without white space; `what` completes the sentence that refuses any other. */
export function text(what: string): ParseVariable<string> {
  return (value) => {
    if (/[\s\0]/.test(value)) {
      throw new Error(`must be ${what}, without white space`);
    }
    return value;
  };
}

/** `on` or `off`. */
export const onOff: ParseVariable<boolean> = (value) => oneOf(['on', 'off'])(value) === 'on';

/** At most so many comma-separated peppers, each long enough to be a key. */
export function peppers(most: number): ParseVariable<readonly Pepper[]> {
  return (value) => {
    const entries = value.split(',');
    const good = entries.every((entry) => /^\S+$/.test(entry) && Buffer.byteLength(entry) >= MIN_PEPPER_BYTES);
    if (entries.length > most || !good) {
      const form = most === 1 ? 'must be one text' : `must be up to ${most} comma-separated texts, each`;
      throw new Error(
        `${form} of ${MIN_PEPPER_BYTES} bytes or more without commas and white space; make one with: openssl rand -base64 32`,
      );
    }
    return entries.map((entry) => Buffer.from(entry));
  };
}

/** Comma-separated `name:token`; a name may have several tokens, a token has one name. */
export const internalTokens: ParseVariable<readonly InternalToken[]> = (value) => {
  const entries = value.split(',').map((entry) => /^([^:]*):(.*)$/s.exec(entry.trim())?.slice(1) ?? []);
  const areGood = entries.every(
    ([name = '', token = '']) => TOKEN_NAME.test(name) && TOKEN.test(token) && token.length >= MIN_TOKEN_CHARACTERS,
  );
  if (!areGood || entries.length > MOST_TOKENS) {
    throw new Error(
      `must be up to ${MOST_TOKENS} comma-separated entries of the form name:token: a name of letters, digits, dots and dashes, a token of ${MIN_TOKEN_CHARACTERS} characters or more (openssl rand -hex 32)`,
    );
  }
  if (new Set(entries.map(([, token]) => token)).size < entries.length) {
    throw new Error('must not give one token to two names: nobody could tell them apart');
  }
  return entries.map(([name = '', token = '']) => ({ name, token: Buffer.from(token) }));
};

/** The name of a header, in lower case as Node has it. */
export const headerName: ParseVariable<string> = (value) => {
  const name = value.toLowerCase();
  if (!HEADER_NAME.test(name) || name.startsWith('x-latchkey-') || HEADERS_IN_USE.includes(name)) {
    throw new Error('must be the name of a header of its own, such as X-Real-IP');
  }
  return name;
};

/** `none`, or comma-separated addresses and networks; never one that holds every address. */
export const networks: ParseVariable<readonly IpNetwork[]> = (value) =>
  value === 'none' ? [] : value.split(',').map((entry) => trustedNetwork(entry.trim()));

function trustedNetwork(entry: string): IpNetwork {
  let network: IpNetwork;
  try {
    network = IpNetwork.parse(entry);
  } catch (error) {
    throw new Error(
      `must be none or a comma-separated list of addresses and networks: ${error instanceof Error ? error.message : ''}`,
      {
        cause: error,
      },
    );
  }
  if (network.toString().endsWith('/0')) {
    throw new Error(
      'must not hold a network of every address (/0): anybody could then claim any address; name the proxies',
    );
  }
  return network;
}

/** `mysql://user:password@host:port/name`, percent-encoded where needed. */
export const databaseUrl: ParseVariable<DatabaseConfig> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const name = url?.pathname.slice(1) ?? '';
  if (url?.protocol !== 'mysql:' || url.username === '' || !/^[\w$%-]{1,64}$/.test(name)) {
    throw new Error('must be a URL of the form mysql://user:password@host:port/name');
  }
  const unknown = [...url.searchParams.keys()].find((key) => !['socketPath', 'tls', 'ca'].includes(key));
  if (unknown !== undefined) {
    throw new Error('takes only the parameters socketPath, tls and ca');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  return {
    host,
    port: url.port === '' ? 3306 : Number(url.port),
    socketPath: url.searchParams.get('socketPath') ?? undefined,
    user: decoded(url.username),
    password: decoded(url.password),
    name: decoded(name),
    tls: tlsOf(url.searchParams, host),
  };
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new Error('must have each % in user, password and name written as %25', { cause: error });
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
      'takes tls=verify, tls=verify-ca (whatever host the certificate names), or tls=insecure (encrypted, but the server is not authenticated)',
    );
  }
  if (mode === 'verify-ca' && ca === null) {
    throw new Error('takes tls=verify-ca only with ca=: of the well-known authorities, anybody can have a certificate');
  }
  // mysql2 compares a certificate with host names only.
  if (mode === 'verify' && isIP(host) !== 0) {
    throw new Error('takes tls=verify only with a host name; for an address there is tls=verify-ca with ca=');
  }
  return { mode, ca: ca === null ? undefined : readCa(ca) };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error('names a certificate file in ca= that cannot be read', { cause: error });
  }
}
