import type { IncomingMessage, ServerResponse } from 'node:http';
import { MIMEType } from 'node:util';
import { InvalidInputError } from '../common/domain-error.js';
import { BODY_LIMIT_BYTES, FAILURE_SENTENCES, invalidFieldsSentence } from '../common/failure-sentences.js';
import { ProtocolError } from './protocol-error.js';

/** Deeper than anything we take; what recurses over a body must not be made to overflow the stack. */
const DEEPEST = 32;
/** Dropped in silence, as a defence, by the validation pipe, at any depth; here they are refused by name like every other unknown field. */
const KEYS_OF_PROTOTYPES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The JSON object in a request's body. Our own reading rather than body-parser's, which swallows the rest of a refused body before
 * it lets us answer, repairs broken UTF-8 in silence, and quotes the body in its errors.
 * Throws on anything that is not a JSON object in UTF-8, uncompressed, of at most `BODY_LIMIT_BYTES`.
 */
export async function readJsonObject(request: IncomingMessage, response: ServerResponse): Promise<object> {
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  if (declaredBytes === 0 && request.headers['transfer-encoding'] === undefined) {
    throw new ProtocolError(400, 'BODY_MISSING', FAILURE_SENTENCES.bodyMissing);
  }
  requireJsonType(request);
  if (declaredBytes > BODY_LIMIT_BYTES) {
    throw bodyTooLarge();
  }
  if (request.headers.expect !== undefined && request.httpVersion === '1.1') {
    // Only now, when it will be read: a client that asks before it sends is spared the sending.
    response.writeContinue();
  }
  return parseJsonObject(await readBytes(request));
}

function requireJsonType({ headers }: IncomingMessage): void {
  if (headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity') {
    throw new ProtocolError(415, 'BODY_ENCODED', FAILURE_SENTENCES.bodyEncoded, { 'Accept-Encoding': 'identity' });
  }
  if (!isJsonInUtf8(headers['content-type'] ?? '')) {
    throw new ProtocolError(415, 'BODY_NOT_JSON', FAILURE_SENTENCES.bodyNotJsonType, { Accept: 'application/json' });
  }
}

function isJsonInUtf8(contentType: string): boolean {
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && (params.get('charset') ?? 'utf-8').toLowerCase() === 'utf-8';
  } catch {
    return false;
  }
}

function bodyTooLarge(): ProtocolError {
  return new ProtocolError(413, 'BODY_TOO_LARGE', FAILURE_SENTENCES.bodyTooLarge);
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const brokenOff = () => {
      reject(new ProtocolError(400, 'BODY_BROKEN_OFF', 'The body broke off before its end.'));
    };
    const read = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_LIMIT_BYTES) {
        // The stream flows on into nothing, so that the connection can be used again.
        request.off('data', read);
        reject(bodyTooLarge());
        return;
      }
      chunks.push(chunk);
    };
    if (request.destroyed) {
      brokenOff();
      return;
    }
    request.on('data', read);
    request.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    request.once('error', brokenOff);
    request.once('close', brokenOff);
  });
}

function parseJsonObject(bytes: Buffer): object {
  if (bytes.length === 0) {
    throw new ProtocolError(400, 'BODY_MISSING', FAILURE_SENTENCES.bodyMissing);
  }
  const value = parseJson(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(400, 'BODY_NOT_AN_OBJECT', FAILURE_SENTENCES.bodyNotAnObject);
  }
  refuseOddities(value, '', 0);
  return value;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The error quotes the body: not even the log may have it.
    throw new ProtocolError(400, 'BODY_NOT_JSON', FAILURE_SENTENCES.bodyNotJson);
  }
}

function refuseOddities(value: object, path: string, depth: number): void {
  if (depth > DEEPEST) {
    throw new ProtocolError(400, 'BODY_TOO_DEEP', `The body is nested more than ${DEEPEST} levels deep.`);
  }
  for (const [key, below] of Object.entries(value) as [string, unknown][]) {
    if (KEYS_OF_PROTOTYPES.has(key)) {
      throw new InvalidInputError(invalidFieldsSentence(1), {
        fields: Object.fromEntries([[`${path}${key}`, FAILURE_SENTENCES.unknownField]]),
      });
    }
    if (typeof below === 'object' && below !== null) {
      refuseOddities(below, `${path}${key}.`, depth + 1);
    }
  }
}
