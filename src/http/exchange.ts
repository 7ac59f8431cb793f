import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** The peer's; kept, since a closed socket no longer knows it. */
  readonly remoteAddress: string | undefined;
}
