import type { ApiEnvironment } from '../common/api-environment.js';
import type { AsciiJson } from '../common/ascii-json.js';

/** The shape of every response of the API: always these eight keys. */
export interface Envelope<T = unknown> {
  readonly status: number;
  readonly data: T | null;
  readonly error: string | null;
  readonly log: { readonly request_id: string } | null;
  readonly validator: Readonly<Record<string, string>> | null;
  readonly support_id: string;
  readonly message: string | null;
  readonly env: ApiEnvironment;
}

/** The fields of a request's context that its response repeats. */
export interface RequestIdentity {
  readonly requestId: string;
  readonly supportId: string;
  readonly env: ApiEnvironment;
}

/** The envelope of a success. */
export function successEnvelope<T>(identity: RequestIdentity, status: number, data: T, message: string): Envelope<T> {
  return {
    status,
    data,
    error: null,
    log: null,
    validator: null,
    support_id: identity.supportId,
    message,
    env: identity.env,
  };
}

/**
 * The text of a success envelope, for responses that are sent thousands of times a second.
 * @param message one of our own sentences, in ASCII, without a character that JSON escapes
 */
export function successEnvelopeText(
  { supportId, env }: RequestIdentity,
  status: number,
  data: AsciiJson,
  message: string,
): AsciiJson {
  return `{"status":${status},"data":${data},"error":null,"log":null,"validator":null,"support_id":"${supportId}","message":"${message}","env":"${env}"}` as AsciiJson;
}

/** The envelope of a failure. `error` is a sentence for the client, without internal details. */
export function failureEnvelope(
  identity: RequestIdentity,
  status: number,
  error: string,
  validator: Readonly<Record<string, string>> | null = null,
): Envelope<never> {
  return {
    status,
    data: null,
    error,
    log: { request_id: identity.requestId },
    validator,
    support_id: identity.supportId,
    message: null,
    env: identity.env,
  };
}
