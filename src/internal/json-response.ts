import { asciiJson, type AsciiJson } from '../common/ascii-json.js';
import { successEnvelopeText } from '../contract/envelope.js';
import type { Failure } from '../http/failure.js';
import { envelopeOf } from '../http/send-failure.js';
import { JSON_TYPE } from '../http/send-json.js';
import type { Call, InternalResponse, LogFields } from './internal-request.js';

const JSON_HEADERS = ['Content-Type', JSON_TYPE];

/** An answer of plain JSON. */
export function jsonResponse(status: number, value: unknown, headers: Failure['headers'] = {}): InternalResponse {
  const more = Object.entries(headers).flat();
  return { status, headers: [...JSON_HEADERS, ...more], body: asciiJson(value), isAscii: true };
}

/** A success in the envelope. */
export function envelopeResponse(
  { identity }: Call,
  data: AsciiJson,
  message: string,
  note: LogFields,
): InternalResponse {
  const body = successEnvelopeText(identity, 200, data, message);
  return { status: 200, headers: JSON_HEADERS, body, isAscii: true, note };
}

/** A failure in the envelope. */
export function failureResponse({ identity }: Call, failure: Failure): InternalResponse {
  return jsonResponse(failure.status, envelopeOf(identity, failure), failure.headers);
}
