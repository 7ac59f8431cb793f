import { isIP } from 'node:net';
import type { InternalToken, Pepper } from './config.js';

/** Parses the text of a variable, or throws an Error that says what is required. */
export type ParseVariable<T> = (text: string) => T;

const MIN_PEPPER_BYTES = 32;
const MIN_TOKEN_CHARACTERS = 32;
/** Few, because the name is a label of metrics. */
const MAX_TOKENS = 64;
const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
/** The characters of a bearer token (RFC 6750). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const HOST_NAME = /^(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9.])?$/;
const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
/** Headers with another meaning. */
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

/** A decimal integer, bounds included. */
export function integer(min: number, max: number): ParseVariable<number> {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new Error(`must be an integer from ${min} to ${max}`);
    }
    return value;
  };
}

/** A text without white space. `what` completes the error message. */
export function text(what: string): ParseVariable<string> {
  return (value) => {
    if (/[\s\0]/.test(value)) {
      throw new Error(`must be ${what}, without white space`);
    }
    return value;
  };
}

/** An address or a host name to listen on. */
export const host: ParseVariable<string> = (value) => {
  if (isIP(value) !== 0 || HOST_NAME.test(value)) {
    return value;
  }
  if (isIP(value.replace(/^\[|\]$/g, '')) !== 0) {
    throw new Error('must be an address without brackets, such as ::1');
  }
  if (/^(?:\[.*\]|[^:]*):\d+$/.test(value)) {
    throw new Error('must be an address or a host name without a port: the port has a variable of its own');
  }
  throw new Error('must be an IP address or a host name, such as 127.0.0.1, 0.0.0.0, :: or localhost');
};

/** `on` or `off`. */
export const onOff: ParseVariable<boolean> = (value) => oneOf(['on', 'off'])(value) === 'on';

/** Comma-separated peppers, each long enough for a key. */
export function peppers(most: number): ParseVariable<readonly Pepper[]> {
  return (value) => {
    const entries = value.split(',');
    const good = entries.every((entry) => /^\S+$/.test(entry) && Buffer.byteLength(entry) >= MIN_PEPPER_BYTES);
    if (entries.length > most || !good) {
      const form = most === 1 ? 'must be one string' : `must be up to ${most} comma-separated strings, each`;
      throw new Error(
        `${form} of ${MIN_PEPPER_BYTES} bytes or more without commas and white space; make one with: openssl rand -base64 32`,
      );
    }
    return entries.map((entry) => Buffer.from(entry));
  };
}

/** Comma-separated `name:token`. A name may have several tokens, a token has one name. */
export const internalTokens: ParseVariable<readonly InternalToken[]> = (value) => {
  const entries = value.split(',').map((entry) => /^([^:]*):(.*)$/s.exec(entry.trim())?.slice(1) ?? []);
  const problems = entries.map(([name, token]) => explainToken(name, token));
  const wrong = problems.findIndex((problem) => problem !== undefined);
  if (wrong !== -1 || entries.length > MAX_TOKENS) {
    const reason = wrong === -1 ? `there are ${entries.length}` : `entry ${wrong + 1} ${problems[wrong] ?? ''}`;
    throw new Error(`must be up to ${MAX_TOKENS} comma-separated entries of the form name:token; ${reason}`);
  }
  if (new Set(entries.map(([, token]) => token)).size < entries.length) {
    throw new Error('must not give one token to two names, because they could not be told apart');
  }
  return entries.map(([name = '', token = '']) => ({ name, token: Buffer.from(token) }));
};

/**
 * What is wrong with one entry; never repeats it, because what stands in the place of the name may
 * be the token.
 */
function explainToken(name: string | undefined, token: string | undefined): string | undefined {
  if (name === undefined || token === undefined) {
    return 'has no colon';
  }
  if (!TOKEN_NAME.test(name)) {
    return 'must have a name of 1 to 32 letters, digits, dots, dashes and underscores before its first colon';
  }
  if (!TOKEN.test(token)) {
    return 'has a character in its token that HTTP does not allow there; make one with: openssl rand -hex 32';
  }
  return token.length < MIN_TOKEN_CHARACTERS
    ? `has a token of ${token.length} characters, but at least ${MIN_TOKEN_CHARACTERS} are required; make one with: openssl rand -hex 32`
    : undefined;
}

/** The name of a header, in lower case as in Node. */
export const headerName: ParseVariable<string> = (value) => {
  const name = value.toLowerCase();
  if (!HEADER_NAME.test(name) || name.startsWith('x-latchkey-') || HEADERS_IN_USE.includes(name)) {
    throw new Error('must be the name of a header of its own, such as X-Real-IP');
  }
  return name;
};
