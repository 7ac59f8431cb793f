import type { IncomingMessage, ServerResponse } from 'node:http';

/** The part of an Express request that the edge uses. */
export interface HttpRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly path: string;
  /** The route that took the request, with its template. */
  readonly route?: { readonly path?: unknown };
  body?: unknown;
}

/** The part of an Express response that the edge uses. */
export type HttpResponse = ServerResponse;

/** A step before the routes, in the form that Express calls. */
export type HttpMiddleware = (request: HttpRequest, response: HttpResponse, next: (failure?: unknown) => void) => void;
