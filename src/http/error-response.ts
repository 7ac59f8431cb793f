import type { ServerResponse } from 'node:http';
import { bearerChallenge } from '../common/access/bearer-challenge.js';
import { HttpException } from '@nestjs/common';
import { CredentialsMissingError, InsufficientScopeError } from '../common/access/access-errors.js';
import { DomainError, type ErrorKind } from '../common/domain-error.js';
import type { RequestContext } from '../common/request-context.js';
import { failureEnvelope, type Envelope, type RequestIdentity } from '../contract/envelope.js';
import { internalErrorMessage } from '../contract/error-messages.js';
import { redactSecrets } from '../logging/redact-secrets.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * A violation of HTTP or of an endpoint's format. Only the edge throws it; services throw
 * `DomainError`s.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly status: number,
    /** Stable, in capitals; for the log. */
    readonly code: string,
    /** One sentence for the client. */
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** An error as the client sees it, and its code in the log. */
export interface Failure {
  readonly status: number;
  /** For the log. */
  readonly code: string;
  /** The text of `error`; null if the client gets nothing but a support id. */
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

/** Texts for errors of libraries, whose own messages may quote the request or expose internals. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: new CredentialsMissingError().message,
  403: 'This is not allowed.',
  404: 'The resource does not exist.',
  408: 'The request did not arrive in time.',
  413: 'The request is too large.',
  415: 'The format of the body is not supported.',
  429: 'Too many requests: slow down.',
  503: 'The service is unavailable for the moment; try again shortly.',
};

/**
 * Maps everything that can be thrown to a failure. Pure. An unknown error is a 500 without details.
 */
export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof DomainError) {
    return describeDomainError(thrown);
  }
  if (thrown instanceof ProtocolError) {
    const { status, code, message, headers } = thrown;
    return { status, code, sentence: message, validator: null, headers };
  }
  if (thrown instanceof URIError) {
    return describeStatus(400, 'MALFORMED_URL', 'The URL of the request contains a malformed percent-encoding.');
  }
  const status = statusOf(thrown);
  // Nest wraps what Express and its parsers throw. Their messages quote the request, so only the
  // status is kept.
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
    status === 401 || status === 403 ? { 'WWW-Authenticate': bearerChallenge() } : {};
  return {
    status,
    code,
    sentence: sentence ?? 'The request was rejected.',
    validator: null,
    headers: { ...challenge, ...headers },
  };
}

/**
 * The status that an error of Nest (`getStatus()`) or of http-errors (`status` and `expose`)
 * carries; 500 for any other.
 */
function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) {
    return thrown.getStatus() >= 400 ? thrown.getStatus() : 500;
  }
  if (thrown instanceof Error && 'expose' in thrown && 'status' in thrown && typeof thrown.status === 'number') {
    return thrown.status >= 400 && thrown.status < 500 ? thrown.status : 500;
  }
  return 500;
}

/** `Retry-After` for 503 and 429: the seconds that the error names, or 1. */
function retryAfter(thrown: unknown, status: number): Record<string, string> {
  if (status !== 503 && status !== 429) {
    return {};
  }
  const seconds = thrown instanceof Error && 'retryAfterSeconds' in thrown ? Number(thrown.retryAfterSeconds) : 1;
  return { 'Retry-After': String(Math.max(1, Math.ceil(Number.isFinite(seconds) ? seconds : 1))) };
}

/**
 * The `WWW-Authenticate` header of a failure (RFC 6750, section 3): the realm alone if no
 * credentials were sent, or if they are not the reason; null for a failure that is not about
 * access.
 */
function challengeFor(error: DomainError): string | null {
  if (error instanceof CredentialsMissingError) {
    return bearerChallenge();
  }
  if (error instanceof InsufficientScopeError) {
    return bearerChallenge({ error: 'insufficient_scope', scope: error.scopes.join(' ') });
  }
  if (error.kind === 'unauthenticated') {
    return bearerChallenge({ error: 'invalid_token', error_description: error.message });
  }
  return error.kind === 'forbidden' ? bearerChallenge() : null;
}

/**
 * The envelope of a failure. Secrets are redacted: a failure repeats names of unknown fields and
 * values that could not be parsed, one of which may be a secret in the wrong place, and clients
 * store and forward failures.
 */
export function envelopeOf(identity: RequestIdentity, failure: Failure): Envelope<never> {
  const sentence = failure.sentence ?? internalErrorMessage(identity);
  return failureEnvelope(identity, failure.status, redactSecrets(sentence), redactFields(failure.validator));
}

function redactFields(fields: Failure['validator']): Failure['validator'] {
  return fields === null
    ? null
    : Object.fromEntries(
        Object.entries(fields).map(([field, message]) => [redactSecrets(field), redactSecrets(message)]),
      );
}

/** Sends a failure, and notes it for the access log. The response must not have begun. */
export function sendFailure(
  context: RequestContext,
  response: ServerResponse,
  failure: Failure,
  detail?: string,
): void {
  context.failure = { code: failure.code, detail };
  for (const [name, value] of Object.entries(failure.headers)) {
    response.setHeader(name, value);
  }
  // A page that could not be sent has no next page.
  response.removeHeader('Link');
  sendJson(response, failure.status, JSON.stringify(envelopeOf(context, failure)));
}

/**
 * Sends JSON without Express's `json()`, which inspects each response for features that ours do not
 * have.
 */
export function sendJson(response: ServerResponse, status: number, body: string | Buffer): void {
  response.statusCode = status;
  response.setHeader('Content-Type', JSON_TYPE);
  const bytes = Buffer.byteLength(body);
  response.setHeader('Content-Length', bytes);
  // perf: docs/performance.md#ascii-responses-as-latin-1. Node omits the body of a response to
  // HEAD.
  response.end(body, bytes === body.length ? 'latin1' : 'utf8');
}
