import type { MaybePromise } from '../common/maybe-promise.js';
import type { Failure } from '../http/failure.js';
import type { Call, InternalResponse } from './internal-request.js';

/** What a caller must show before an endpoint opens. */
export type Credential =
  /** Nothing: health and metrics, for machines that have no token. */
  | 'none'
  /** A token of `INTERNAL_TOKENS` as a bearer. */
  | 'bearer'
  /** The same, or as the password of HTTP Basic under its name, as OAuth clients do it. */
  | 'bearer-or-basic'
  /** The same in a header of its own: `Authorization` is the client's. */
  | 'gateway-token';

/** One way into the process for services and gateways. */
export interface InternalEndpoint {
  /** Its name in log and metrics. */
  readonly name: string;
  readonly credential: Credential;
  /** The methods it takes; null for any. */
  readonly methods: readonly string[] | null;
  /** Whether the log has it only at the level debug: what machines ask every few seconds. */
  readonly isQuiet?: boolean;
  /** @throws what `describeFailure` knows; `failed` makes an answer of it */
  answer(call: Call): MaybePromise<InternalResponse>;
  /** A failure in the endpoint's own standard. */
  failed(call: Call, failure: Failure): InternalResponse;
}
