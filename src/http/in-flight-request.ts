import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from './failure.js';

/** One request and its answer. */
export interface InFlightRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answers with a failure in the words of whoever was asked; left out, in the envelope. */
  readonly fail?: ((failure: Failure) => void) | undefined;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** The peer's; kept, since a closed socket no longer knows it. */
  readonly remoteAddress: string | undefined;
}
