import type { MaybePromise } from '../common/maybe-promise.js';
import type { Failure } from '../http/error-response.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';

/** The credential that an endpoint requires. */
export type Credential =
  /** None: health and metrics, for probes that have no token. */
  | 'none'
  /** A token of `INTERNAL_TOKENS` as a bearer. */
  | 'bearer'
  /**
   * The same, or the token as the password of HTTP Basic under its name, as OAuth clients send it.
   */
  | 'bearer-or-basic'
  /** The token in a header of its own, because `Authorization` belongs to the gateway's client. */
  | 'gateway-token';

/**
 * An endpoint of the internal listener. It declares where it is and what it requires;
 * `InternalRouter` finds it through `INTERNAL_ENDPOINTS`.
 */
export interface InternalEndpoint {
  readonly path: string;
  /**
   * Whether it also takes every path below its own. Dot segments in such a path are not resolved.
   */
  readonly takesSubpaths?: boolean;
  /** Its name in the log and in metrics. Several endpoints may share one. */
  readonly name: string;
  readonly credential: Credential;
  /** The methods that it takes; null for any. */
  readonly methods: readonly string[] | null;
  /** Whether its requests are logged at level debug: probes that arrive every few seconds. */
  readonly isQuiet?: boolean;
  /** @throws anything that `describeFailure` maps to a response */
  handle(request: InternalRequest): MaybePromise<InternalResponse>;
  /** A failure in the endpoint's own format. */
  formatFailure(request: InternalRequest, failure: Failure): InternalResponse;
}

/** The token under which the list of all endpoints is injected. */
export const INTERNAL_ENDPOINTS = Symbol('internal endpoints');
