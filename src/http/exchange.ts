import type { EdgeRequest, EdgeResponse } from './edge-request.js';

/** One request and its answer. */
export interface Exchange {
  readonly request: EdgeRequest;
  readonly response: EdgeResponse;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** The peer's; kept, since a closed socket no longer knows it. */
  readonly remoteAddress: string | undefined;
}
