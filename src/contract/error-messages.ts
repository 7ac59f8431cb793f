import type { RequestIdentity } from './envelope.js';

/** The largest body that the public listener reads, in bytes. */
export const BODY_LIMIT_BYTES = 102_400;

/** The error messages of the public listener. The API document shows the same texts. */
export const ERROR_MESSAGES = {
  notAcceptable: 'Only JSON is supported: send Accept: application/json, or omit the header.',
  bodyMissing: 'This request needs a body: a JSON object, sent with Content-Type: application/json.',
  bodyNotJson: 'The body is not valid JSON in UTF-8.',
  bodyNotAnObject: 'The body must be a JSON object: {…}.',
  bodyTooLarge: bodyTooLargeSentence(BODY_LIMIT_BYTES),
  bodyNotJsonType: 'The body must be JSON in UTF-8: send Content-Type: application/json.',
  bodyNotUtf8:
    'The body must be JSON in UTF-8: send Content-Type: application/json, without charset or with charset=utf-8.',
  bodyEncoded: 'The body must not be compressed: omit the header Content-Encoding.',
  unknownField: 'is not a recognized field',
  repeatedField: 'occurs more than once in its object; send it once',
} as const;

/** The message of a 413. */
export function bodyTooLargeSentence(limitBytes: number): string {
  return `The body is larger than ${limitBytes / 1024} KB (${limitBytes} bytes).`;
}

/** The message of a 400 whose `validator` has this many fields. */
export function invalidFieldsMessage(count: number): string {
  return `The request is invalid. See validator for the ${count === 1 ? 'field' : `${count} fields`} to fix.`;
}

/** The message of a 500: no internals, and how to report it. */
export function internalErrorMessage(identity: Pick<RequestIdentity, 'supportId'>): string {
  return `An internal error occurred. If it happens again, contact us and mention ${identity.supportId}.`;
}
