import type { Answer } from './api-client.js';

const EIGHT_KEYS = ['status', 'data', 'error', 'log', 'validator', 'support_id', 'message', 'env'];
const UUID7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

export const API_KEY_ID = new RegExp(`^api_key_${UUID7}$`);
export const REALM = 'Bearer realm="latchkey"';

/** A moment, as it crosses the wire. */
export const MOMENT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

/** Stands for any text that the pattern fits. */
export const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

/**
 * What a failure must contain beside its status. A field that is left out may be anything, except
 * `validator`, which must then be null.
 */
export interface ExpectedFailure {
  readonly error?: string | RegExp;
  readonly validator?: unknown;
  /** The whole of `WWW-Authenticate`; it must be absent unless it is given. */
  readonly challenge?: string;
}

/** A success in the envelope, and its data. */
export function expectSuccess<T>(answer: Answer<T>, message: string): T {
  expectEnvelope(answer);
  const { status, error, log, validator, message: said } = answer.body;
  expect({ http: answer.status, status, error, log, validator, message: said }).toEqual({
    http: 200,
    status: 200,
    error: null,
    log: null,
    validator: null,
    message,
  });
  expect(answer.headers.get('www-authenticate')).toBeNull();
  return answer.body.data;
}

/** Expects a failure in the envelope with nothing else in it. */
export function expectFailure(answer: Answer, status: number, expected: ExpectedFailure = {}): void {
  expectEnvelope(answer);
  const { data, error, log, validator, message } = answer.body;
  expect({ http: answer.status, status: answer.body.status, data, message, error, validator }).toEqual({
    http: status,
    status,
    data: null,
    message: null,
    error: typeof expected.error === 'string' ? expected.error : like(expected.error ?? /./),
    validator: expected.validator ?? null,
  });
  expect(log?.request_id).toMatch(new RegExp(`^req_${UUID7}$`));
  expect(answer.headers.get('www-authenticate')).toBe(expected.challenge ?? null);
}

/** The challenge to credentials that are not good. */
export const invalidToken = (description: string) =>
  `${REALM}, error="invalid_token", error_description="${description}"`;

/** The challenge to a key without the scope. */
export const insufficientScope = (scope: string) => `${REALM}, error="insufficient_scope", scope="${scope}"`;

function expectEnvelope({ body, headers }: Answer): void {
  expect(Object.keys(body)).toEqual(EIGHT_KEYS);
  expect(body.support_id).toMatch(new RegExp(`^support_${UUID7}$`));
  expect(body.env).toBe('development');
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
}
