import { Injectable } from '@nestjs/common';
import { mysqlDateTimeToMs } from '../common/mysql-datetime.js';
import { SCOPE_CATALOGUE } from '../common/access/scope.js';
import { parseIpAddress, type IpAddress } from '../common/net/ip-address.js';
import type { Verdict } from '../decision/verdict.js';
import { readBody } from '../http/body.js';
import { ProtocolError, type Failure } from '../http/error-response.js';
import { mediaTypeOf } from '../http/http-headers.js';
import { hasTooManyParameters, MAX_PARAMETERS } from '../http/query-string.js';
import type { VerifiedKey } from '../verification/cache/cached-secret.js';
import { Verifier } from '../verification/verifier.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';
import { jsonResponse } from './json-response.js';

const BODY_LIMIT_BYTES = 16_384;
const FORM_TYPE = 'application/x-www-form-urlencoded';
/** RFC 7662, section 2.2: no other member, which would tell why. */
const INACTIVE = { active: false };

/**
 * `POST /introspect`: OAuth 2.0 token introspection (RFC 7662), for resource servers that implement
 * it.
 */
@Injectable()
export class IntrospectEndpoint implements InternalEndpoint {
  readonly path = '/introspect';
  readonly name = 'introspect';
  readonly credential = 'bearer-or-basic';
  readonly methods = ['POST'];

  constructor(private readonly verifier: Verifier) {}

  async handle(request: InternalRequest): Promise<InternalResponse> {
    const form = await readForm(request);
    const token = onlyValue(form, 'token');
    if (token === null) {
      throw invalidRequest('The form must have the field token: the secret to look at.');
    }
    const address = clientAddress(onlyValue(form, 'client_ip'));
    const verdict = await this.verifier.verify(
      { secret: token, attempt: { scopes: SCOPE_CATALOGUE.none, address } },
      { endpoint: this.name },
    );
    request.context.verdict = verdict;
    return jsonResponse(200, introspectionOf(verdict));
  }

  /** RFC 6749, section 5.2. */
  formatFailure({ context }: InternalRequest, { status, sentence, headers }: Failure): InternalResponse {
    const description = (sentence ?? `An internal error occurred: ${context.supportId}.`).replaceAll('"', "'");
    return jsonResponse(status, { error: oauthError(status), error_description: description }, headers);
  }
}

function introspectionOf(verdict: Verdict<VerifiedKey>): object {
  if (verdict.code !== 'VALID') {
    return INACTIVE;
  }
  const { expiresAtMs, record } = verdict.key;
  return {
    active: true,
    client_id: record.id,
    sub: record.organizationId,
    scope: record.scopes.join(' '),
    ...(expiresAtMs !== null && { exp: expiresAtMs / 1_000 }),
    iat: mysqlDateTimeToMs(record.createdAt) / 1_000,
    token_type: 'Bearer',
    api_key_id: record.id,
    organization_id: record.organizationId,
    label: record.label,
  };
}

async function readForm({ request, response }: InternalRequest): Promise<URLSearchParams> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (mediaTypeOf(request).type !== FORM_TYPE || encoding.toLowerCase() !== 'identity') {
    throw new ProtocolError(
      415,
      'BODY_NOT_FORM',
      'The body must be a form, not compressed: send Content-Type: application/x-www-form-urlencoded.',
    );
  }
  const bytes = await readBody(request, response, BODY_LIMIT_BYTES);
  const text = bytes.toString('latin1');
  if (hasTooManyParameters(text)) {
    throw invalidRequest(`The form has more than ${MAX_PARAMETERS} fields: send token and client_ip alone.`);
  }
  return new URLSearchParams(text);
}

/** RFC 6749, section 3.1: a parameter without a value counts as omitted, and none is repeated. */
function onlyValue(form: URLSearchParams, name: string): string | null {
  const [value = null, ...more] = form.getAll(name).filter((given) => given !== '');
  if (more.length > 0) {
    throw invalidRequest(`The form must have the field ${name} once.`);
  }
  return value;
}

function clientAddress(text: string | null): IpAddress | null {
  const address = text === null ? null : parseIpAddress(text);
  if (text !== null && address === null) {
    throw invalidRequest("client_ip must be the end client's IPv4 or IPv6 address, without port or zone.");
  }
  return address;
}

function invalidRequest(sentence: string): ProtocolError {
  return new ProtocolError(400, 'INVALID_REQUEST', sentence);
}

function oauthError(status: number): string {
  if (status === 401) {
    return 'invalid_client';
  }
  if (status === 503) {
    return 'temporarily_unavailable';
  }
  return status < 500 ? 'invalid_request' : 'server_error';
}
