import { asciiJson, type AsciiJson } from '../common/ascii-json.js';
import { successEnvelopeText } from '../common/envelope.js';
import type { Failure } from '../http/failure.js';
import { envelopeOf } from '../http/send-failure.js';
import { JSON_TYPE } from '../http/send-json.js';
import type { Call, CallAnswer, CallNote } from './call.js';

const JSON_HEADERS = ['Content-Type', JSON_TYPE];

/** An answer of plain JSON. */
export function jsonAnswer(status: number, value: unknown, headers: Failure['headers'] = {}): CallAnswer {
  const more = Object.entries(headers).flat();
  return { status, headers: [...JSON_HEADERS, ...more], body: asciiJson(value), isAscii: true };
}

/** A success in the envelope. */
export function envelopeAnswer({ identity }: Call, data: AsciiJson, message: string, note: CallNote): CallAnswer {
  const body = successEnvelopeText(identity, 200, data, message);
  return { status: 200, headers: JSON_HEADERS, body, isAscii: true, note };
}

/** A failure in the envelope. */
export function envelopeFailure({ identity }: Call, failure: Failure): CallAnswer {
  return jsonAnswer(failure.status, envelopeOf(identity, failure), failure.headers);
}
