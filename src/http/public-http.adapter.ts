import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Logger, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { EdgeRequest } from './edge-request.js';
import { describeNoRoute, type RouterLayer } from './no-route.js';
import { ProtocolError } from './protocol-error.js';
import { setRefusal } from './refusal.js';
import { toOriginForm } from './request-target.js';
import { sendJson } from './send-json.js';

/** How long the public listener waits, and how much it takes. */
export interface PublicServerOptions {
  /** For a whole request, body included. */
  readonly requestTimeoutMs: number;
  /** For a request's line and headers. */
  readonly headersTimeoutMs: number;
  /** For the next request on an open connection. */
  readonly keepAliveTimeoutMs: number;
  /** For anything to pass in either direction, an answer that nobody reads included. */
  readonly silenceTimeoutMs: number;
  /** How often the two timeouts above are looked at. */
  readonly checkingIntervalMs: number;
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
}

const DEFAULTS: PublicServerOptions = {
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  // Longer than load balancers keep theirs (HAProxy 5 s, AWS 60 s): whoever closes first must not be us, in the middle of a request.
  keepAliveTimeoutMs: 65_000,
  silenceTimeoutMs: 70_000,
  checkingIntervalMs: 1_000,
  maxHeaderBytes: 16_384,
};

type ExpressApp = ((
  request: IncomingMessage,
  response: ServerResponse,
  fallThrough: (error: unknown) => void,
) => void) & {
  readonly router: { readonly stack: readonly RouterLayer[] };
  request: IncomingMessage;
  response: ServerResponse;
};

/**
 * Express under Nest, with the server's limits set and nothing left that answers by itself in another shape than ours. Nest's own
 * `forceCloseConnections` is not supported.
 */
export class PublicHttpAdapter extends ExpressAdapter {
  private readonly limits: PublicServerOptions;
  private readonly sockets = new Set<Socket>();

  constructor(options: Partial<PublicServerOptions> = {}) {
    super();
    this.limits = { ...DEFAULTS, ...options };
    this.disable('x-powered-by');
    // No answer of the API may be stored, so there is nothing to compare with.
    this.disable('etag');
    // No nested objects out of a query string.
    this.set('query parser', 'simple');
  }

  override initHttpServer(): void {
    const app = this.getInstance<ExpressApp>();
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      toOriginForm(request);
      app(request, response, (error) => {
        // Beyond the last handler Express would answer with a page of its own.
        new Logger(PublicHttpAdapter.name).error('a request fell through', error);
        response.destroy();
      });
    };
    const server = createServer(
      {
        requestTimeout: this.limits.requestTimeoutMs,
        headersTimeout: this.limits.headersTimeoutMs,
        keepAliveTimeout: this.limits.keepAliveTimeoutMs,
        connectionsCheckingInterval: this.limits.checkingIntervalMs,
        maxHeaderSize: this.limits.maxHeaderBytes,
        // Its absence is answered by us, in the envelope.
        requireHostHeader: false,
        ...bornOf(app),
      },
      serve,
    );
    server.setTimeout(this.limits.silenceTimeoutMs);
    this.httpServer = answerExpectations(server, serve);
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Closes the connections on which nobody has ever said anything: to Node they are busy, and a stop would wait for them. */
  closeSilentConnections(): void {
    for (const socket of this.sockets) {
      if (socket.bytesRead === 0) {
        socket.destroy();
      }
    }
  }

  override reply(response: ServerResponse, body: unknown, status?: number): unknown {
    if (typeof body !== 'object' || body === null || body instanceof StreamableFile) {
      return super.reply(response, body, status);
    }
    sendJson(response, status ?? response.statusCode, body);
    return response;
  }

  override status(response: ServerResponse, code: number): unknown {
    response.statusCode = code;
    return response;
  }

  override setNotFoundHandler(): unknown {
    const { router } = this.getInstance<ExpressApp>();
    return this.use((request: EdgeRequest, _response: ServerResponse, next: (error: unknown) => void) => {
      next(describeNoRoute(request, router.stack));
    });
  }
}

/**
 * Classes for the requests and answers of a server, with the prototypes that Express gives to each one anyway. Born with them, they
 * keep the shape by which V8 knows them; changed one by one, every access to them is slow.
 */
function bornOf(app: ExpressApp) {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype;
  app.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}

/** With these listeners Node neither invites a body before we want it, nor answers an `Expect` it does not know by itself. */
function answerExpectations(
  server: Server,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  server.on('checkContinue', serve);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    // The client may or may not send its body now: the connection cannot be used again.
    const headers = { Connection: 'close' };
    setRefusal(
      request,
      new ProtocolError(417, 'EXPECTATION_FAILED', 'Only Expect: 100-continue is understood.', headers),
    );
    serve(request, response);
  });
  return server;
}
