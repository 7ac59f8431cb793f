import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestIdentity } from '../contract/envelope.js';

/** One request at the internal listener. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly identity: RequestIdentity;
  /** The path, without the query. */
  readonly path: string;
  /** What follows the question mark; empty if there is none. */
  readonly query: string;
}

/** What an endpoint says of a request in the log. No secret, and nothing that a client could choose freely. */
export interface LogFields {
  readonly verdict?: string;
  /** How many secrets a batch held. */
  readonly verifications?: number;
  readonly key_id?: string | null;
  readonly organization_id?: string | null;
  readonly error_code?: string;
  readonly detail?: string | undefined;
}

/** An answer, ready to be written. */
export interface InternalResponse {
  readonly status: number;
  /** Names and values in turn; the length of the body and the request's id are added. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Whether that is sure: then nobody has to count the bytes, which takes as long as a decision does. */
  readonly isAscii?: boolean;
  readonly note?: LogFields;
}
