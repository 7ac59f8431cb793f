import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInputError } from '../common/domain-error.js';
import { BODY_LIMIT_BYTES, ERROR_MESSAGES, invalidFieldsMessage } from '../contract/error-messages.js';
import { thenMaybe, type MaybePromise } from '../common/maybe-promise.js';
import { announcesBody, readBody } from './body.js';
import { mediaTypeOf } from './content-type.js';
import { largestMember, measureJson, namesOf, type JsonSize, type NamedPath } from './json-scan.js';
import { ProtocolError } from './protocol-error.js';

/**
 * The most that a JSON body may hold. Counted before it is validated, so that refusing a body costs
 * less than sending it.
 */
export interface JsonBodyLimits extends JsonSize {
  readonly bytes: number;
  /** How long the body may take to arrive. Left out: as long as the whole request. */
  readonly deadlineMs?: number;
}

/**
 * A request of the API has at most 5 members, 32 scopes and 100 networks. Bodies somewhat above
 * that still reach validation, which says more precisely what is wrong.
 */
const PUBLIC_LIMITS: JsonBodyLimits = {
  bytes: BODY_LIMIT_BYTES,
  names: 100,
  values: 1_000,
  // Such a request has been admitted: while its body arrives, others wait for its place.
  deadlineMs: 5_000,
};
/** So many fields are named in a refusal. */
const MOST_NAMED = 10;
const LONGEST_PATH = 100;

/** Deeper than anything we take; what recurses over a body must not be made to overflow the stack. */
const DEEPEST = 32;
/** Dropped in silence, as a defence, by the validation pipe, at any depth; here they are refused by name like every other unknown field. */
const KEYS_OF_PROTOTYPES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Not body-parser's, which repairs broken UTF-8 in silence. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON object in a request's body. Throws on anything that is not a JSON object in UTF-8,
 * uncompressed, within `limits`, each name once in its object; no error quotes a value of the body.
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
  // What nearly every client sends needs no parsing.
  if (headers['content-type'] === 'application/json') {
    return;
  }
  const { type, isUtf8 } = mediaTypeOf(request);
  if (type !== 'application/json' || !isUtf8) {
    const sentence = isUtf8 ? ERROR_MESSAGES.bodyNotJsonType : ERROR_MESSAGES.bodyNotUtf8;
    throw new ProtocolError(415, 'BODY_NOT_JSON', sentence, { Accept: 'application/json' });
  }
}

/** The JSON object that the bytes are, under the rules of `readJsonObject`. */
export function parseJsonObject(bytes: Buffer, limits: JsonBodyLimits): object {
  if (bytes.length === 0) {
    throw new ProtocolError(400, 'BODY_MISSING', ERROR_MESSAGES.bodyMissing);
  }
  const text = decodeUtf8(bytes);
  const size = measureJson(text, limits);
  if (size.names > limits.names) {
    // Before it is parsed: thousands of names can be chosen so that their hashes collide.
    throw tooManyFields(text, limits.names);
  }
  if (size.values > limits.values) {
    throw invalidFields(
      [largestMember(text).slice(0, LONGEST_PATH)],
      `holds too many entries; a body may have at most ${limits.values} in all`,
    );
  }
  const body = parseText(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProtocolError(400, 'BODY_NOT_AN_OBJECT', ERROR_MESSAGES.bodyNotAnObject);
  }
  const tally = { names: 0 };
  const odd = findPrototypeKey(body, 0, tally);
  if (odd !== undefined) {
    throw invalidFields([odd], ERROR_MESSAGES.unknownField);
  }
  if (size.names !== tally.names) {
    // JSON.parse keeps the last of several members of one name, with all that is below it, and
    // drops the others.
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
    // The error quotes the body: not even the log may have it.
    throw new ProtocolError(400, 'BODY_NOT_JSON', ERROR_MESSAGES.bodyNotJson);
  }
}

/**
 * The path to the first name that could be taken for a prototype; counts the names on the way.
 * Walked without making anything: a batch has hundreds of objects.
 */
function findPrototypeKey(value: object, depth: number, tally: { names: number }): string | undefined {
  if (depth > DEEPEST) {
    throw new ProtocolError(400, 'BODY_TOO_DEEP', `The body is nested more than ${DEEPEST} levels deep.`);
  }
  if (Array.isArray(value)) {
    return findInEntries(value, depth, tally);
  }
  for (const key in value) {
    tally.names++;
    if (KEYS_OF_PROTOTYPES.has(key)) {
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
  return typeof below === 'object' && below !== null ? findPrototypeKey(below, depth + 1, tally) : undefined;
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

/** The paths to the first few members that are picked. */
function firstPaths(text: string, isPicked: (named: NamedPath) => boolean): string[] {
  const paths: string[] = [];
  for (const named of namesOf(text)) {
    if (isPicked(named)) {
      paths.push(named.path.slice(0, LONGEST_PATH));
    }
    if (paths.length === MOST_NAMED) {
      break;
    }
  }
  return [...new Set(paths)];
}

function invalidFields(paths: readonly string[], message: string): InvalidInputError {
  return new InvalidInputError(invalidFieldsMessage(paths.length), { fields: fieldsOf(paths, message) });
}

// Not by assignment: a path may be `__proto__`.
function fieldsOf(paths: readonly string[], message: string): Readonly<Record<string, string>> {
  return Object.fromEntries(paths.map((path) => [path, message]));
}
