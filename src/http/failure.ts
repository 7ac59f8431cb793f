import { HttpException } from '@nestjs/common';
import { DomainError, type ErrorKind } from '../common/domain-error.js';
import { challengeFor } from './challenge.js';
import { ProtocolError } from './protocol-error.js';

/** What a client is told of an error, and what the log calls it. */
export interface Failure {
  readonly status: number;
  /** For the log. */
  readonly code: string;
  /** The sentence for `error`; null when the client learns nothing but a support id. */
  readonly sentence: string | null;
  readonly validator: Readonly<Record<string, string>> | null;
  readonly headers: Readonly<Record<string, string>>;
}

const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_many_requests: 429,
  unavailable: 503,
} as const satisfies Record<ErrorKind, number>;

/** What is said for a status when the error's own words may quote the request or the inside. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'This request needs an API key: send it as the header Authorization: Bearer <secret>.',
  403: 'This is not allowed.',
  404: 'There is nothing here.',
  408: 'The request did not arrive in time.',
  413: 'The request is too large.',
  415: 'The body is in a format that is not understood.',
  429: 'Too many requests: slow down.',
  503: 'The service is unavailable for the moment; try again shortly.',
};

/** Everything that can be thrown, as a failure. Pure; what is not known is a 500 that says nothing. */
export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof DomainError) {
    return describeDomainError(thrown);
  }
  if (thrown instanceof ProtocolError) {
    const { status, code, message, headers } = thrown;
    return { status, code, sentence: message, validator: null, headers };
  }
  if (thrown instanceof URIError) {
    return describeStatus(400, 'MALFORMED_URL', 'The address of the request has a malformed percent-encoding.');
  }
  const status = statusOf(thrown);
  // Nest wraps what Express and its parsers throw; their texts quote the request, so they say only their status.
  if (thrown instanceof HttpException && thrown.cause instanceof Error && status < 500) {
    return thrown.cause instanceof URIError ? describeFailure(thrown.cause) : describeStatus(status, 'HTTP_ERROR');
  }
  if (thrown instanceof HttpException && status < 500) {
    return describeStatus(status, 'HTTP_ERROR', thrown.message, retryAfter(thrown, status));
  }
  return describeStatus(status, 'HTTP_ERROR', undefined, retryAfter(thrown, status));
}

function describeDomainError(error: DomainError): Failure {
  const status = STATUS[error.kind];
  const challenge = challengeFor(error);
  return {
    status,
    code: error.code,
    sentence: error.message,
    validator: error.fields ?? null,
    headers: { ...(challenge !== null && { 'WWW-Authenticate': challenge }), ...retryAfter(error, status) },
  };
}

function describeStatus(
  status: number,
  code: string,
  sentence = SENTENCES[status],
  headers: Failure['headers'] = {},
): Failure {
  if (sentence === undefined && status >= 500) {
    return { status: 500, code: 'INTERNAL', sentence: null, validator: null, headers };
  }
  const challenge: Record<string, string> =
    status === 401 || status === 403 ? { 'WWW-Authenticate': challengeFor(null) } : {};
  return {
    status,
    code,
    sentence: sentence ?? 'The request is refused.',
    validator: null,
    headers: { ...challenge, ...headers },
  };
}

/** The status that an error of Nest (`getStatus()`) or of http-errors (`status` and `expose`) asks for; 500 for any other. */
function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) {
    return thrown.getStatus() >= 400 ? thrown.getStatus() : 500;
  }
  if (thrown instanceof Error && 'expose' in thrown && 'status' in thrown && typeof thrown.status === 'number') {
    return thrown.status >= 400 && thrown.status < 500 ? thrown.status : 500;
  }
  return 500;
}

/** With 503 and 429 the client learns when to come back; a second is right for everything of ours that does not say. */
function retryAfter(thrown: unknown, status: number): Record<string, string> {
  if (status !== 503 && status !== 429) {
    return {};
  }
  const seconds = thrown instanceof Error && 'retryAfterSeconds' in thrown ? Number(thrown.retryAfterSeconds) : 1;
  return { 'Retry-After': String(Math.max(1, Math.ceil(Number.isFinite(seconds) ? seconds : 1))) };
}
