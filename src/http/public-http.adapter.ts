import { IncomingMessage, ServerResponse } from 'node:http';
import { Logger, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { HttpRequest } from './http-request.js';
import { DEFAULT_LIMITS, Listener, type ListenerLimits, type RequestClasses } from './listener.js';
import { describeNoRoute, type RouterLayer } from './no-route.js';
import { parseQuery } from './query-string.js';
import { sendJsonText } from './send-json.js';

type ExpressApp = ((
  request: IncomingMessage,
  response: ServerResponse,
  fallThrough: (error: unknown) => void,
) => void) & {
  readonly router: { readonly stack: readonly RouterLayer[] };
  request: IncomingMessage;
  response: ServerResponse;
};

/** In characters. */
const LARGE_ANSWER = 16_384;

/**
 * Express under Nest, with the server's limits set and nothing left that answers by itself in another shape than ours. Nest's own
 * `forceCloseConnections` is not supported.
 */
export class PublicHttpAdapter extends ExpressAdapter {
  private readonly limits: ListenerLimits;
  private ownListener: Listener | undefined;

  constructor(limits: Partial<ListenerLimits> = {}) {
    super();
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.disable('x-powered-by');
    // No answer of the API may be stored, so there is nothing to compare with.
    this.disable('etag');
    // No nested objects out of a query string, and a bounded number of parameters.
    this.set('query parser', parseQuery);
  }

  /** The server and its end. Nest makes it, early in the making of the application. */
  get listener(): Listener {
    if (this.ownListener === undefined) {
      throw new TypeError('the application has no server yet');
    }
    return this.ownListener;
  }

  override initHttpServer(): void {
    const app = this.getInstance<ExpressApp>();
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      app(request, response, (error) => {
        // Beyond the last handler Express would answer with a page of its own.
        new Logger(PublicHttpAdapter.name).error('a request fell through', error);
        response.destroy();
      });
    };
    this.ownListener = new Listener(serve, this.limits, bornOf(app));
    this.httpServer = this.ownListener.server;
  }

  override reply(response: ServerResponse, body: unknown, status?: number): unknown {
    if (typeof body !== 'object' || body === null || body instanceof StreamableFile) {
      return super.reply(response, body, status);
    }
    const text = JSON.stringify(body);
    // As bytes: of a large text, Node would keep a copy in UTF-8 beside it for as long as it is
    // unread.
    sendJsonText(response, status ?? response.statusCode, text.length > LARGE_ANSWER ? Buffer.from(text) : text);
    return response;
  }

  override status(response: ServerResponse, code: number): unknown {
    response.statusCode = code;
    return response;
  }

  override setNotFoundHandler(): unknown {
    const { router } = this.getInstance<ExpressApp>();
    return this.use((request: HttpRequest, _response: ServerResponse, next: (error: unknown) => void) => {
      next(describeNoRoute(request, router.stack));
    });
  }
}

/**
 * Classes for the requests and answers of a server, with the prototypes that Express gives to each one anyway. Born with them, they
 * keep the shape by which V8 knows them; changed one by one, every access to them is slow.
 */
function bornOf(app: ExpressApp): RequestClasses {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype;
  app.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse as typeof ServerResponse };
}
