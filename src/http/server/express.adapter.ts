import { IncomingMessage, ServerResponse } from 'node:http';
import { Logger, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ApiEnvironment } from '../../common/api-environment.js';
import { attachContext } from '../../common/request-context.js';
import { ProtocolError, sendJson } from '../error-response.js';
import type { HttpRequest } from '../http-request.js';
import { parseQuery } from '../query-string.js';
import { DEFAULT_LIMITS, HttpServer, type ListenerLimits, type RequestClasses, type Serve } from './http-server.js';

type ExpressApp = ((
  request: IncomingMessage,
  response: ServerResponse,
  fallThrough: (error: unknown) => void,
) => void) & {
  readonly router: { readonly stack: readonly RouterLayer[] };
  request: IncomingMessage;
  response: ServerResponse;
};

/** The part of a layer of Express's router that tells which methods a path takes. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean | undefined>> };
  match(path: string): unknown;
}

/** In characters. */
const LARGE_RESPONSE = 16_384;

/**
 * Express under Nest on an `HttpServer`, without any response of Express or Nest that has another
 * shape than ours. Nest's `forceCloseConnections` is not supported.
 */
export class PublicExpressAdapter extends ExpressAdapter {
  private readonly limits: ListenerLimits;
  private ownListener: HttpServer | undefined;

  constructor(
    private readonly env: ApiEnvironment,
    limits: Partial<ListenerLimits> = {},
  ) {
    super();
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.disable('x-powered-by');
    // No response of the API may be stored, so clients have nothing to compare.
    this.disable('etag');
    // No nested objects from a query string, and a bounded number of parameters.
    this.set('query parser', parseQuery);
  }

  /** The server, which Nest initializes early. */
  get listener(): HttpServer {
    if (this.ownListener === undefined) {
      throw new TypeError('the application has no server yet');
    }
    return this.ownListener;
  }

  override initHttpServer(): void {
    const app = this.getInstance<ExpressApp>();
    const serve: Serve = (request, response, context) => {
      attachContext(request, context);
      app(request, response, (error) => {
        // Behind the last handler Express would send an HTML page.
        new Logger(PublicExpressAdapter.name).error('no handler answered a request', error);
        response.destroy();
      });
    };
    this.ownListener = new HttpServer(serve, { env: this.env, limits: this.limits, classes: classesOf(app) });
    this.httpServer = this.ownListener.server;
  }

  override reply(response: ServerResponse, body: unknown, status?: number): unknown {
    if (typeof body !== 'object' || body === null || body instanceof StreamableFile) {
      return super.reply(response, body, status);
    }
    const text = JSON.stringify(body);
    // As bytes, because Node keeps a UTF-8 copy of a large text beside it until the client has read
    // it.
    sendJson(response, status ?? response.statusCode, text.length > LARGE_RESPONSE ? Buffer.from(text) : text);
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
 * Request and response classes whose prototypes are those that Express assigns to each object.
 * Objects that are created with them keep their hidden class, which doubles the throughput.
 */
function classesOf(app: ExpressApp): RequestClasses {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype;
  app.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse as typeof ServerResponse };
}

/**
 * Why no route took a request: the path does not exist (404), or does not take the method (405,
 * with `Allow`). The path is not repeated, because it may contain a secret in a spelling that no
 * pattern redacts.
 */
export function describeNoRoute(request: HttpRequest, layers: readonly RouterLayer[]): ProtocolError {
  const { method = '', path } = request;
  const allowed = allowedMethods(path, layers);
  if (allowed.length === 0) {
    return new ProtocolError(404, 'NOT_FOUND', `There is no route for ${method} at this path.`);
  }
  const allow = allowed.join(', ');
  const text = `The method ${method} is not allowed here. Allowed methods: ${allow}.`;
  return new ProtocolError(405, 'METHOD_NOT_ALLOWED', text, { Allow: allow });
}

function allowedMethods(path: string, layers: readonly RouterLayer[]): string[] {
  const methods = layers
    .filter((layer) => layer.route !== undefined && Boolean(layer.match(path)))
    .flatMap((layer) => Object.keys(layer.route?.methods ?? {}));
  // Express answers HEAD with the route of GET.
  const withHead = methods.includes('get') ? [...methods, 'head'] : methods;
  return [...new Set(withHead)].map((name) => name.toUpperCase()).sort();
}
