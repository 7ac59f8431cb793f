import type { RequestIdentity } from './envelope.js';

/** The largest body that the public listener reads, in bytes. */
export const BODY_LIMIT_BYTES = 102_400;

/** What clients read in `error` when the edge itself refuses. The API document shows the same texts, so its examples are true. */
export const ERROR_MESSAGES = {
  notAcceptable: 'This API speaks JSON only: send Accept: application/json, or leave the header out.',
  bodyMissing: 'This request needs a body: a JSON object, sent with Content-Type: application/json.',
  bodyNotJson: 'The body is not valid JSON in UTF-8.',
  bodyNotAnObject: 'The body must be a JSON object: {…}.',
  bodyTooLarge: bodyTooLargeSentence(BODY_LIMIT_BYTES),
  bodyNotJsonType: 'The body must be JSON in UTF-8: send Content-Type: application/json.',
  bodyNotUtf8:
    'The body must be JSON in UTF-8: send Content-Type: application/json, without charset or with charset=utf-8.',
  bodyEncoded: 'The body must not be compressed: leave the header Content-Encoding out.',
  unknownField: 'is not a field of this request',
  repeatedField: 'is given more than once in its object; send it once',
} as const;

/** The sentence of a 413. */
export function bodyTooLargeSentence(limitBytes: number): string {
  return `The body is larger than ${limitBytes / 1024} KB (${limitBytes} bytes).`;
}

/** The sentence over a `validator` with this many fields. */
export function invalidFieldsMessage(count: number): string {
  return `The request is invalid: see validator for the ${count === 1 ? 'field' : `${count} fields`} to mend.`;
}

/** The sentence of a 500: nothing of the inside, and the way to tell us. */
export function internalErrorMessage(identity: Pick<RequestIdentity, 'supportId'>): string {
  return `Something went wrong on our side. If it happens again, tell us and name ${identity.supportId}.`;
}
