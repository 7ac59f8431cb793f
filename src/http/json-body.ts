import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInputError } from '../common/domain-error.js';
import { thenMaybe, type MaybePromise } from '../common/maybe-promise.js';
import { BODY_LIMIT_BYTES, ERROR_MESSAGES, invalidFieldsMessage } from '../contract/error-messages.js';
import { announcesBody, readBody } from './body.js';
import { ProtocolError } from './error-response.js';
import { mediaTypeOf } from './http-headers.js';
import { largestMember, measureJson, namesOf, type JsonSize, type NamedPath } from './json-scan.js';

/**
 * The most that a JSON body may contain. Checked before validation, so that rejecting a body costs
 * less than sending it.
 */
export interface JsonBodyLimits extends JsonSize {
  readonly bytes: number;
  /** How long the body may take to arrive. Default: as long as the whole request. */
  readonly deadlineMs?: number;
}

/**
 * A request of the API has at most 5 members, 32 scopes and 100 networks. Bodies slightly above
 * that still reach validation, whose messages are more precise.
 */
const PUBLIC_LIMITS: JsonBodyLimits = {
  bytes: BODY_LIMIT_BYTES,
  names: 100,
  values: 1_000,
  // The request is already admitted: while its body arrives, others wait in the queue.
  deadlineMs: 5_000,
};
/** The number of fields that a failure names. */
const MAX_NAMED = 10;
const MAX_PATH_LENGTH = 100;

/** Deeper than any valid body, and safe for functions that recurse over it. */
const DEEPEST = 32;
/**
 * Names that every object inherits, and `prototype`. Validation silently drops such a field or
 * takes it for a declared one; the edge rejects it by name, like every other unknown field.
 */
export const UNSAFE_KEYS: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);
/** body-parser silently repairs invalid UTF-8. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON object in a request's body.
 * @throws ProtocolError or InvalidInputError (a promise rejects with it) unless the body is a JSON
 * object in UTF-8, uncompressed, within `limits`, with each name once per object; no message quotes
 * a value of the body
 */
export function readJsonObject(
  request: IncomingMessage,
  response: ServerResponse,
  limits: JsonBodyLimits = PUBLIC_LIMITS,
): MaybePromise<object> {
  if (!announcesBody(request)) {
    throw new ProtocolError(400, 'BODY_MISSING', ERROR_MESSAGES.bodyMissing);
  }
  requireJsonType(request);
  return thenMaybe(readBody(request, response, limits.bytes, limits.deadlineMs), (bytes) =>
    parseJsonObject(bytes, limits),
  );
}

function requireJsonType(request: IncomingMessage): void {
  const { headers } = request;
  if (headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity') {
    throw new ProtocolError(415, 'BODY_ENCODED', ERROR_MESSAGES.bodyEncoded, { 'Accept-Encoding': 'identity' });
  }
  // The value that most clients send needs no parsing.
  if (headers['content-type'] === 'application/json') {
    return;
  }
  const { type, isUtf8 } = mediaTypeOf(request);
  if (type !== 'application/json' || !isUtf8) {
    const sentence = isUtf8 ? ERROR_MESSAGES.bodyNotJsonType : ERROR_MESSAGES.bodyNotUtf8;
    throw new ProtocolError(415, 'BODY_NOT_JSON', sentence, { Accept: 'application/json' });
  }
}

/** Parses bytes under the rules of `readJsonObject`. */
export function parseJsonObject(bytes: Buffer, limits: JsonBodyLimits): object {
  if (bytes.length === 0) {
    throw new ProtocolError(400, 'BODY_MISSING', ERROR_MESSAGES.bodyMissing);
  }
  const text = decodeUtf8(bytes);
  const size = measureJson(text, limits);
  if (size.names > limits.names) {
    // Before parsing, because thousands of names can be chosen so that their hashes collide.
    throw tooManyFields(text, limits.names);
  }
  if (size.values > limits.values) {
    throw invalidFields(
      [largestMember(text).slice(0, MAX_PATH_LENGTH)],
      `contains too many entries; a body may have at most ${limits.values} in total`,
    );
  }
  const body = parseText(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProtocolError(400, 'BODY_NOT_AN_OBJECT', ERROR_MESSAGES.bodyNotAnObject);
  }
  const tally = { names: 0 };
  const unsafe = findUnsafeKey(body, 0, tally);
  if (unsafe !== undefined) {
    throw invalidFields([unsafe], ERROR_MESSAGES.unknownField);
  }
  if (size.names !== tally.names) {
    // Of several members with one name, JSON.parse keeps only the last.
    throw repeatedFields(text);
  }
  return body;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new ProtocolError(400, 'BODY_NOT_JSON', ERROR_MESSAGES.bodyNotJson);
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error quotes the body, which must not reach even the log.
    throw new ProtocolError(400, 'BODY_NOT_JSON', ERROR_MESSAGES.bodyNotJson);
  }
}

/**
 * The path to the first unsafe key; counts the names on the way. Allocates nothing, because a batch
 * has hundreds of objects.
 */
function findUnsafeKey(value: object, depth: number, tally: { names: number }): string | undefined {
  if (depth > DEEPEST) {
    throw new ProtocolError(400, 'BODY_TOO_DEEP', `The body is nested more than ${DEEPEST} levels deep.`);
  }
  if (Array.isArray(value)) {
    return findInEntries(value, depth, tally);
  }
  for (const key in value) {
    tally.names++;
    if (UNSAFE_KEYS.has(key)) {
      return key;
    }
    const found = findBelow((value as Readonly<Record<string, unknown>>)[key], depth, tally);
    if (found !== undefined) {
      return `${key}.${found}`;
    }
  }
  return undefined;
}

function findInEntries(entries: readonly unknown[], depth: number, tally: { names: number }): string | undefined {
  for (let place = 0; place < entries.length; place++) {
    const found = findBelow(entries[place], depth, tally);
    if (found !== undefined) {
      return `${place}.${found}`;
    }
  }
  return undefined;
}

function findBelow(below: unknown, depth: number, tally: { names: number }): string | undefined {
  return typeof below === 'object' && below !== null ? findUnsafeKey(below, depth + 1, tally) : undefined;
}

function tooManyFields(text: string, most: number): InvalidInputError {
  const paths = firstPaths(text, () => true);
  return new InvalidInputError(
    `The request is invalid: its body has more than ${most} fields. See validator for the first ${paths.length} of them.`,
    { fields: fieldsOf(paths, `is one of more than ${most} fields; leave out those that the request does not have`) },
  );
}

function repeatedFields(text: string): InvalidInputError {
  return invalidFields(
    firstPaths(text, ({ isRepeated }) => isRepeated),
    ERROR_MESSAGES.repeatedField,
  );
}

/** The paths to the first few members that `isPicked` selects. */
function firstPaths(text: string, isPicked: (named: NamedPath) => boolean): string[] {
  const paths: string[] = [];
  for (const named of namesOf(text)) {
    if (isPicked(named)) {
      paths.push(named.path.slice(0, MAX_PATH_LENGTH));
    }
    if (paths.length === MAX_NAMED) {
      break;
    }
  }
  return [...new Set(paths)];
}

function invalidFields(paths: readonly string[], message: string): InvalidInputError {
  return new InvalidInputError(invalidFieldsMessage(paths.length), { fields: fieldsOf(paths, message) });
}

// `Object.fromEntries` defines properties, so that a path `__proto__` is an ordinary one.
function fieldsOf(paths: readonly string[], message: string): Readonly<Record<string, string>> {
  return Object.fromEntries(paths.map((path) => [path, message]));
}
