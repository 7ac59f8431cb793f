import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInputError } from '../common/domain-error.js';
import { BODY_LIMIT_BYTES, FAILURE_SENTENCES, invalidFieldsSentence } from '../common/failure-sentences.js';
import { whenThere, type Soon } from '../common/soon.js';
import { announcesBody, readBody } from './body.js';
import { mediaTypeOf } from './content-type.js';
import { ProtocolError } from './protocol-error.js';

/** Deeper than anything we take; what recurses over a body must not be made to overflow the stack. */
const DEEPEST = 32;
/** Dropped in silence, as a defence, by the validation pipe, at any depth; here they are refused by name like every other unknown field. */
const KEYS_OF_PROTOTYPES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Not body-parser's, which repairs broken UTF-8 in silence. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON object in a request's body.
 * Throws on anything that is not a JSON object in UTF-8, uncompressed, of at most `limitBytes`; no error quotes the body.
 */
export function readJsonObject(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes = BODY_LIMIT_BYTES,
): Soon<object> {
  if (!announcesBody(request)) {
    throw new ProtocolError(400, 'BODY_MISSING', FAILURE_SENTENCES.bodyMissing);
  }
  requireJsonType(request);
  return whenThere(readBody(request, response, limitBytes), parseJsonObject);
}

function requireJsonType(request: IncomingMessage): void {
  const { headers } = request;
  if (headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity') {
    throw new ProtocolError(415, 'BODY_ENCODED', FAILURE_SENTENCES.bodyEncoded, { 'Accept-Encoding': 'identity' });
  }
  // What nearly every client sends needs no parsing.
  if (headers['content-type'] === 'application/json') {
    return;
  }
  const { type, isUtf8 } = mediaTypeOf(request);
  if (type !== 'application/json' || !isUtf8) {
    const sentence = isUtf8 ? FAILURE_SENTENCES.bodyNotJsonType : FAILURE_SENTENCES.bodyNotUtf8;
    throw new ProtocolError(415, 'BODY_NOT_JSON', sentence, { Accept: 'application/json' });
  }
}

function parseJsonObject(bytes: Buffer): object {
  if (bytes.length === 0) {
    throw new ProtocolError(400, 'BODY_MISSING', FAILURE_SENTENCES.bodyMissing);
  }
  const value = parseJson(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(400, 'BODY_NOT_AN_OBJECT', FAILURE_SENTENCES.bodyNotAnObject);
  }
  refuseOddities(value);
  return value;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    // The error quotes the body: not even the log may have it.
    throw new ProtocolError(400, 'BODY_NOT_JSON', FAILURE_SENTENCES.bodyNotJson);
  }
}

/** Refuses what is nested too deep, and what could be taken for a prototype. */
function refuseOddities(body: object): void {
  const odd = findPrototypeKey(body, 0);
  if (odd !== undefined) {
    throw new InvalidInputError(invalidFieldsSentence(1), {
      fields: Object.fromEntries([[odd, FAILURE_SENTENCES.unknownField]]),
    });
  }
}

/** The path to the first of them. Walked without making anything: a batch has hundreds of objects. */
function findPrototypeKey(value: object, depth: number): string | undefined {
  if (depth > DEEPEST) {
    throw new ProtocolError(400, 'BODY_TOO_DEEP', `The body is nested more than ${DEEPEST} levels deep.`);
  }
  for (const key in value) {
    if (KEYS_OF_PROTOTYPES.has(key)) {
      return key;
    }
    const below = (value as Readonly<Record<string, unknown>>)[key];
    const found = typeof below === 'object' && below !== null ? findPrototypeKey(below, depth + 1) : undefined;
    if (found !== undefined) {
      return `${key}.${found}`;
    }
  }
  return undefined;
}
