import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { bearerToken } from '../common/access/bearer-token.js';
import { SCOPE_CATALOGUE, type Scope } from '../common/access/scope.js';
import type { ScopeSet } from '../common/access/scope-set.js';
import { thenMaybe, type MaybePromise } from '../common/maybe-promise.js';
import { parseIpAddress, type IpAddress } from '../common/net/ip-address.js';
import { headerValues } from '../common/raw-headers.js';
import { CONFIG, type Config } from '../config/config.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import type { Verdict } from '../decision/verdict.js';
import { describeFailure, ProtocolError } from '../http/error-response.js';
import { hasTooManyParameters } from '../http/query-string.js';
import type { VerifiedKey } from '../verification/cache/cached-secret.js';
import { Verifier } from '../verification/verifier.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';
import { envelopeFailure } from './json-response.js';

const SCOPES_HEADER = 'x-latchkey-scopes';
/** Both endpoints count their verifications under one name. */
const VERIFICATION_ENDPOINT = 'forward-auth';
/** Queries come from configurations of gateways, so that few different ones are sent. */
const CACHED_QUERIES = 1_000;
/** Longer than a query with every scope; bounds the bytes of the cache. */
const LONGEST_CACHED_QUERY = 1_024;

/**
 * For gateways that ask before they forward a request: nginx's `auth_request`, Traefik's
 * `forwardAuth`. 200 with the owner of the key, or the 401 and 403 of the public listener. Any
 * other status is about the gateway, never about the key.
 */
@Injectable()
export class ForwardAuthEndpoint implements InternalEndpoint {
  readonly path: string = '/forward-auth';
  readonly name: string = 'forward-auth';
  readonly credential = 'gateway-token';
  readonly methods = null;
  readonly formatFailure = envelopeFailure;
  private readonly scopesOfQueries = new LRUCache<string, ScopeSet<Scope>>({
    max: CACHED_QUERIES,
    memoMethod: scopesOfQuery,
  });

  constructor(
    private readonly verifier: Verifier,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'forwardAuthAddressHeader' | 'forwardAuthTrustedPeers'>,
  ) {}

  handle(request: InternalRequest): MaybePromise<InternalResponse> {
    const attempt = { scopes: this.requiredScopes(request), address: this.clientAddress(request) };
    const secret = bearerToken(headerValues(request.request.rawHeaders, 'authorization'));
    return thenMaybe(this.verifier.verify({ secret, attempt }, { endpoint: VERIFICATION_ENDPOINT }), (verdict) => {
      request.context.verdict = verdict;
      return responseFor(request, verdict);
    });
  }

  /** The scopes that the configuration of the gateway requires. */
  protected requiredScopes({ query }: InternalRequest): ScopeSet<Scope> {
    return query.length <= LONGEST_CACHED_QUERY ? this.scopesOfQueries.memo(query) : scopesOfQuery(query);
  }

  /**
   * The address that a trusted gateway sends, exactly once. Otherwise null, so that a key with an
   * ip_allow_list is rejected.
   */
  private clientAddress({ request: { rawHeaders, socket } }: InternalRequest): IpAddress | null {
    const { forwardAuthAddressHeader: header } = this.config;
    if (header === undefined || !this.isTrusted(socket.remoteAddress ?? '')) {
      return null;
    }
    const [value, ...more] = headerValues(rawHeaders, header);
    return value === undefined || more.length > 0 ? null : parseIpAddress(value);
  }

  private isTrusted(peer: string): boolean {
    const address = parseIpAddress(peer);
    return address !== null && this.config.forwardAuthTrustedPeers.some((network) => network.contains(address));
  }
}

/**
 * The same for Envoy's HTTP `ext_authz`, which appends the path and the query of its client to the
 * prefix in its configuration. Both are ignored. The scopes come in a header that the gateway
 * overwrites.
 */
@Injectable()
export class EnvoyForwardAuthEndpoint extends ForwardAuthEndpoint {
  override readonly path = '/forward-auth/envoy';
  override readonly name = 'forward-auth-envoy';
  readonly takesSubpaths = true;

  protected override requiredScopes({ request: { rawHeaders } }: InternalRequest): ScopeSet<Scope> {
    const [value, ...more] = headerValues(rawHeaders, SCOPES_HEADER);
    if (value === undefined || more.length > 0) {
      throw gatewayMistake('The gateway must set the header X-Latchkey-Scopes exactly once.');
    }
    return parseScopes(value, 'The header X-Latchkey-Scopes');
  }
}

function responseFor(request: InternalRequest, verdict: Verdict<VerifiedKey>): InternalResponse {
  const refusal = errorForVerdict(verdict);
  if (refusal !== null) {
    return envelopeFailure(request, describeFailure(refusal));
  }
  if (verdict.code !== 'VALID') {
    throw new TypeError(`a rejected key has the verdict ${verdict.code}`);
  }
  const { id, organizationId, scopes: held } = verdict.key.record;
  // Always all three: a header that is not set here could be one that the client sent.
  const headers = ['X-Organization-Id', organizationId, 'X-Api-Key-Id', id, 'X-Api-Key-Scopes', held.join(' ')];
  return { status: 200, headers, body: '' };
}

/**
 * `scopes` exactly once and nothing else, because a further parameter could be one of the gateway's
 * client.
 */
function scopesOfQuery(query: string): ScopeSet<Scope> {
  const [[name, value] = [], ...more] = hasTooManyParameters(query) ? [] : [...new URLSearchParams(query)];
  if (name !== 'scopes' || value === undefined || more.length > 0) {
    throw gatewayMistake(
      'The URL must have the parameter scopes exactly once and no other parameter, such as ?scopes=invoices.read.',
    );
  }
  return parseScopes(value, 'The parameter scopes');
}

/** Scopes separated by commas or white space; an empty text requires none. */
function parseScopes(text: string, where: string): ScopeSet<Scope> {
  const scopes = text.split(/[ \t,]+/).filter((scope) => scope !== '');
  if (!scopes.every((scope) => SCOPE_CATALOGUE.has(scope))) {
    throw gatewayMistake(`${where} must be a comma-separated list of scopes, such as invoices.read,payments.read.`);
  }
  return SCOPE_CATALOGUE.setOf(scopes);
}

function gatewayMistake(sentence: string): ProtocolError {
  return new ProtocolError(400, 'GATEWAY_REQUEST_INVALID', `${sentence} Nothing was decided about your key.`);
}
