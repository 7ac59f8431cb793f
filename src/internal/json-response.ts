import { asciiJson, type AsciiJson } from '../common/ascii-json.js';
import { successEnvelopeText } from '../contract/envelope.js';
import { envelopeOf, JSON_TYPE, type Failure } from '../http/error-response.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';

const JSON_HEADERS = ['Content-Type', JSON_TYPE];

/** A response of plain JSON. */
export function jsonResponse(status: number, value: unknown, headers: Failure['headers'] = {}): InternalResponse {
  const more = Object.entries(headers).flat();
  return { status, headers: [...JSON_HEADERS, ...more], body: asciiJson(value) };
}

/** A success in the envelope. */
export function envelopeResponse({ context }: InternalRequest, data: AsciiJson, message: string): InternalResponse {
  const body = successEnvelopeText(context, 200, data, message);
  return { status: 200, headers: JSON_HEADERS, body };
}

/** A failure in the envelope. */
export function envelopeFailure({ context }: InternalRequest, failure: Failure): InternalResponse {
  return jsonResponse(failure.status, envelopeOf(context, failure), failure.headers);
}
