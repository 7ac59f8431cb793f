import type { IncomingMessage, ServerResponse } from 'node:http';

/** The part of an Express request that the edge uses. */
export interface EdgeRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly path: string;
  /** The route that took the request, with its template. */
  readonly route?: { readonly path?: unknown };
  body?: unknown;
}

/** The part of an Express response that the edge uses. */
export type EdgeResponse = ServerResponse;

/** A step before the routes, as Express calls it. */
export type EdgeMiddleware = (request: EdgeRequest, response: EdgeResponse, next: (failure?: unknown) => void) => void;
