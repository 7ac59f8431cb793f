import type { Caller } from './access/caller.js';
import type { ApiEnvironment } from './api-environment.js';
import { newRequestIds } from './prefixed-id.js';

const CONTEXT = Symbol('request context');

interface RequestWithContext {
  [CONTEXT]?: RequestContext;
}

/** The part of a verdict that the access log writes. */
export interface VerdictSummary {
  readonly code: string;
  /** The key, once its secret has matched. */
  readonly key?: { readonly keyId: string; readonly organizationId: string };
}

/** Why a request failed, in terms of the log. */
export interface RequestFailure {
  readonly code: string;
  readonly detail: string | undefined;
}

/**
 * Everything that one request accumulates on its way, on both listeners: its ids, who sends it,
 * what was decided about it, and the fields of its line in the access log. `HttpServer` creates it
 * before anything else happens.
 *
 * All fields exist from the start, so that every context has the same hidden class.
 */
export class RequestContext<V extends VerdictSummary = VerdictSummary> {
  /** Generated here, never taken from the client. */
  readonly requestId: string;
  readonly supportId: string;
  /**
   * Why HTTP itself forbids to serve the request; the edge sends it once the response can be
   * written.
   */
  refusal: Error | null = null;
  /** The verified API key. Set by the bearer guard only. */
  caller: Caller | null = null;
  /** Set by the bearer guard on the public listener, by the endpoints on the internal one. */
  verdict: V | null = null;
  failure: RequestFailure | null = null;
  /**
   * The template of the route (public), or the name of the endpoint (internal); null if none
   * matched.
   */
  endpoint: string | null = null;
  /** The name of the service token that authenticated the request. */
  client: string | null = null;
  /** The number of secrets in a batch. */
  verifications: number | null = null;
  /** Logged at level debug: probes that monitoring sends every few seconds. */
  isQuiet = false;

  /**
   * @param method null if the request was rejected before its method was parsed
   * @param remoteAddress the address of the peer
   * @param startedMs on the monotonic clock; null if the arrival was not observed
   */
  constructor(
    readonly env: ApiEnvironment,
    readonly method: string | null,
    readonly remoteAddress: string | null,
    readonly startedMs: number | null,
  ) {
    const [requestId, supportId] = newRequestIds('req_', 'support_');
    this.requestId = requestId;
    this.supportId = supportId;
  }
}

/** Makes the context available to everything that receives the request object. */
export function attachContext(request: object, context: RequestContext): void {
  (request as RequestWithContext)[CONTEXT] = context;
}

/**
 * The context of a request.
 * @typeParam V the verdict that the caller's folder stores; only `auth` stores one on the public
 * listener
 * @throws TypeError if the request did not come through one of our listeners
 */
export function requestContext<V extends VerdictSummary = VerdictSummary>(request: object): RequestContext<V> {
  const context = (request as RequestWithContext)[CONTEXT];
  if (context === undefined) {
    throw new TypeError('the request has no context: it did not come through one of our listeners');
  }
  return context as RequestContext<V>;
}
