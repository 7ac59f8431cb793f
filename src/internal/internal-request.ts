import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from '../common/request-context.js';

/** One request on the internal listener, as an endpoint sees it. */
export interface InternalRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: RequestContext;
  /** The part behind the question mark; empty without one. */
  readonly query: string;
}

/** A response, ready to be written. */
export interface InternalResponse {
  readonly status: number;
  /** Names and values in turn; the length of the body and the request id are added. */
  readonly headers: readonly string[];
  readonly body: string;
}
