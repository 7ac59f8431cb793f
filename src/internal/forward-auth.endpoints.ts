import { Inject, Injectable } from '@nestjs/common';
import { bearerToken } from '../common/access/bearer-token.js';
import { SCOPE_CATALOGUE, type Scope } from '../common/access/scope.js';
import type { ScopeSet } from '../common/access/scope-set.js';
import { parseIpAddress, type IpAddress } from '../common/net/ip-address.js';
import { headerValues } from '../common/raw-headers.js';
import { thenMaybe, type MaybePromise } from '../common/maybe-promise.js';
import { CONFIG, type Config } from '../config/config.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import type { Verdict } from '../decision/verdict.js';
import { describeFailure } from '../http/failure.js';
import { ProtocolError } from '../http/protocol-error.js';
import { hasTooManyParameters } from '../http/query-string.js';
import type { VerifiedKey } from '../verification/cache/cached-secret.js';
import { Verifier } from '../verification/verifier.js';
import type { Call, InternalResponse } from './internal-request.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import { failureResponse } from './json-response.js';
import { logFieldsOf } from './verification-response.js';

const SCOPES_HEADER = 'x-latchkey-scopes';
const MOST_REMEMBERED = 1_000;
/** Longer than a query with every scope, so that what is remembered is bounded by bytes too. */
const LONGEST_REMEMBERED = 1_024;

/**
 * Answers gateways that ask before they pass a request on: nginx's `auth_request`, Traefik's `forwardAuth`. 200 with whose key it is,
 * or 401 and 403 as the public listener would say it. Any other status is about the gateway, never about the key.
 */
@Injectable()
export class ForwardAuthEndpoint implements InternalEndpoint {
  readonly name: string = 'forward-auth';
  readonly credential = 'gateway-token';
  readonly methods = null;
  readonly failed = failureResponse;
  /** What configurations ask for, by their queries, and whether peers are trusted: the same few again and again. */
  private readonly scopesOf = new Map<string, ScopeSet<Scope>>();
  private readonly trustOf = new Map<string, boolean>();

  constructor(
    private readonly verifier: Verifier,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'forwardAuthAddressHeader' | 'forwardAuthTrustedPeers'>,
  ) {}

  answer(call: Call): MaybePromise<InternalResponse> {
    const attempt = { scopes: this.wantedScopes(call), address: this.clientAddress(call) };
    const request = { secret: bearerToken(headerValues(call.request.rawHeaders, 'authorization')), attempt };
    return thenMaybe(this.verifier.verify(request, { endpoint: 'forward-auth' }), (verdict) => answerOf(call, verdict));
  }

  /** What the gateway's configuration asks for: `?scopes=`, exactly once, for it could be a client's as well. */
  protected wantedScopes({ query }: Call): ScopeSet<Scope> {
    const known = this.scopesOf.get(query);
    if (known !== undefined) {
      return known;
    }
    const [[name, value] = [], ...more] = hasTooManyParameters(query) ? [] : [...new URLSearchParams(query)];
    if (name !== 'scopes' || value === undefined || more.length > 0) {
      throw gatewayMistake(
        'The address must have the parameter scopes exactly once, and no other: ?scopes=invoices.read',
      );
    }
    const scopes = parseScopes(value, 'The parameter scopes');
    if (this.scopesOf.size < MOST_REMEMBERED && query.length <= LONGEST_REMEMBERED) {
      this.scopesOf.set(query, scopes);
    }
    return scopes;
  }

  /** Null, so that no restricted key is let in, unless a gateway that is trusted says it, once and clearly. */
  private clientAddress({ request: { rawHeaders, socket } }: Call): IpAddress | null {
    const { forwardAuthAddressHeader: header } = this.config;
    if (header === undefined || !this.isTrusted(socket.remoteAddress ?? '')) {
      return null;
    }
    const [value, ...more] = headerValues(rawHeaders, header);
    return value === undefined || more.length > 0 ? null : parseIpAddress(value);
  }

  /** Asked for each request, and the peers are few. */
  private isTrusted(peer: string): boolean {
    const known = this.trustOf.get(peer);
    if (known !== undefined) {
      return known;
    }
    const address = parseIpAddress(peer);
    const trusted =
      address !== null && this.config.forwardAuthTrustedPeers.some((network) => network.contains(address));
    if (this.trustOf.size < MOST_REMEMBERED) {
      this.trustOf.set(peer, trusted);
    }
    return trusted;
  }
}

/**
 * The same for Envoy's HTTP `ext_authz`, which puts its client's path and query behind the prefix that it was given: neither is looked at.
 * The scopes come in a header that the gateway overwrites.
 */
@Injectable()
export class EnvoyForwardAuthEndpoint extends ForwardAuthEndpoint {
  override readonly name = 'forward-auth-envoy';

  protected override wantedScopes({ request: { rawHeaders } }: Call): ScopeSet<Scope> {
    const [value, ...more] = headerValues(rawHeaders, SCOPES_HEADER);
    if (value === undefined || more.length > 0) {
      throw gatewayMistake('The gateway must set the header X-Latchkey-Scopes, once.');
    }
    return parseScopes(value, 'The header X-Latchkey-Scopes');
  }
}

function answerOf(call: Call, verdict: Verdict<VerifiedKey>): InternalResponse {
  const refusal = errorForVerdict(verdict);
  if (refusal !== null) {
    return { ...failureResponse(call, describeFailure(refusal)), note: logFieldsOf(verdict) };
  }
  if (verdict.code !== 'VALID') {
    throw new TypeError(`a refused key was found ${verdict.code}`);
  }
  const { id, organizationId, scopes: held } = verdict.key.record;
  // Always all three: what is not set here, a client could have set itself.
  const headers = ['X-Organization-Id', organizationId, 'X-Api-Key-Id', id, 'X-Api-Key-Scopes', held.join(' ')];
  return { status: 200, headers, body: '', note: logFieldsOf(verdict) };
}

/** Scopes between commas or white space; an empty text asks for none. */
function parseScopes(text: string, where: string): ScopeSet<Scope> {
  const scopes = text.split(/[ \t,]+/).filter((scope) => scope !== '');
  if (!scopes.every((scope) => SCOPE_CATALOGUE.has(scope))) {
    throw gatewayMistake(`${where} must be scopes, comma-separated: invoices.read,payments.read`);
  }
  return SCOPE_CATALOGUE.setOf(scopes);
}

function gatewayMistake(sentence: string): ProtocolError {
  return new ProtocolError(400, 'GATEWAY_REQUEST_INVALID', `${sentence} Nothing was decided about your key.`);
}
