import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiEnvironment } from '../../common/api-environment.js';
import { RequestContext } from '../../common/request-context.js';
import { ProtocolError } from '../error-response.js';
import { PipelinedConnection } from './pipelining.js';
import { findHostFailure, normalizeTarget } from './request-target.js';
import { StalledReaders } from './stalled-readers.js';

/** Timeouts and limits of a listener. */
export interface ListenerLimits {
  /** For a whole request, body included. */
  readonly requestTimeoutMs: number;
  /** For the request line and the headers. */
  readonly headersTimeoutMs: number;
  /** For the next request on an open connection; 0: `silenceTimeoutMs` applies. */
  readonly keepAliveTimeoutMs: number;
  /**
   * For any byte in either direction, including those of a response that the client does not read.
   */
  readonly silenceTimeoutMs: number;
  /** How often the two timeouts of a request are checked. */
  readonly checkingIntervalMs: number;
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
  /** For the client to read any of the pending bytes of a response. */
  readonly stallTimeoutMs: number;
  /** Connections that are open at the same time. */
  readonly maxConnections: number;
}

/** The defaults of both listeners. */
export const DEFAULT_LIMITS: ListenerLimits = {
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  // Longer than load balancers use (HAProxy 5 s, AWS 60 s), so that they close first and never lose
  // a request.
  keepAliveTimeoutMs: 65_000,
  silenceTimeoutMs: 70_000,
  checkingIntervalMs: 1_000,
  maxHeaderBytes: 16_384,
  stallTimeoutMs: 5_000,
  maxConnections: 10_000,
};

/** How long a stop waits for requests under way, once no more are accepted. */
const GRACE_MS = 10_000;
const IDLE_SWEEP_MS = 100;
const STALL_SWEEP_MS = 1_000;
/** How long a new connection may take to send its first byte during a stop. */
const SILENCE_MS = 500;

/** Subclasses of Node's request and response that a server creates instead of Node's own. */
export interface RequestClasses {
  readonly IncomingMessage?: typeof IncomingMessage;
  readonly ServerResponse?: typeof ServerResponse;
}

/** Receives each request, with its target normalized, and its new context. */
export type Serve = (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;

export interface HttpServerOptions {
  readonly env: ApiEnvironment;
  readonly limits: ListenerLimits;
  readonly classes?: RequestClasses;
  /** See `normalizeTarget`. */
  readonly opaquePrefixes?: readonly string[];
}

/** A `node:http` server with limits, which never sends a response of its own and stops in order. */
export class HttpServer {
  readonly server: Server;
  /** Called for each connection that is refused because too many are open. */
  whenRefused: () => void = () => undefined;
  /** Called for each connection that is closed because its client does not read. */
  whenStalled: () => void = () => undefined;
  private readonly sockets = new Set<Socket>();
  private makingRoom: NodeJS.Timeout | undefined;

  constructor(serve: Serve, { env, limits, classes, opaquePrefixes }: HttpServerOptions) {
    const receive = (request: IncomingMessage, response: ServerResponse, refusal?: ProtocolError) => {
      const { remoteAddress } = PipelinedConnection.of(request.socket);
      const context = new RequestContext(env, request.method ?? null, remoteAddress, performance.now());
      context.refusal = normalizeTarget(request, opaquePrefixes) ?? refusal ?? findHostFailure(request);
      serve(request, response, context);
    };
    this.server = createNodeServer(receive, limits, classes);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.on('drop', () => {
      this.whenRefused();
      this.makeRoom();
    });
    this.closeStalledReaders(limits.stallTimeoutMs);
  }

  /** Connections that may be open at the same time. */
  get maxConnections(): number {
    return this.server.maxConnections;
  }

  /**
   * Makes each further response the last of its connection, because a busy connection cannot be
   * closed without cutting off a request.
   */
  announceClose(): void {
    const close = (_request: IncomingMessage, response: ServerResponse) => {
      response.setHeader('Connection', 'close');
    };
    this.server.prependListener('request', close);
    this.server.prependListener('checkContinue', close);
  }

  /**
   * Stops accepting connections, finishes the requests under way, and after ten seconds cuts off
   * the rest.
   */
  async close(): Promise<void> {
    const sweep = setInterval(() => {
      this.server.closeIdleConnections();
    }, IDLE_SWEEP_MS);
    const silence = setTimeout(() => {
      this.closeSilentConnections();
    }, SILENCE_MS);
    const cut = setTimeout(() => {
      this.server.closeAllConnections();
    }, GRACE_MS);
    try {
      // The callback gets an error if the server never listened; it is closed all the same.
      await new Promise<void>((resolve) =>
        this.server.close(() => {
          resolve();
        }),
      );
    } finally {
      clearInterval(sweep);
      clearTimeout(silence);
      clearTimeout(cut);
    }
  }

  /**
   * Closes idle connections, so that a client that only opens them does not keep the others out.
   */
  private makeRoom(): void {
    this.makingRoom ??= setTimeout(() => {
      this.makingRoom = undefined;
      this.server.closeIdleConnections();
    }, IDLE_SWEEP_MS).unref();
  }

  private closeStalledReaders(timeoutMs: number): void {
    const readers = new StalledReaders(this.sockets, timeoutMs);
    let sweep: NodeJS.Timeout | undefined;
    this.server.on('listening', () => {
      sweep = setInterval(
        () => {
          for (let ended = readers.sweep(performance.now()); ended > 0; ended--) {
            this.whenStalled();
          }
        },
        Math.min(STALL_SWEEP_MS, timeoutMs),
      ).unref();
    });
    this.server.on('close', () => {
      clearInterval(sweep);
    });
  }

  /**
   * Closes connections that never sent a byte: Node counts them as busy, and a stop would wait for
   * them.
   */
  private closeSilentConnections(): void {
    for (const socket of this.sockets) {
      if (socket.bytesRead === 0) {
        socket.destroy();
      }
    }
  }
}

type Receive = (request: IncomingMessage, response: ServerResponse, refusal?: ProtocolError) => void;

function createNodeServer(receive: Receive, limits: ListenerLimits, classes: RequestClasses = {}): Server {
  const options = {
    requestTimeout: limits.requestTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkingIntervalMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // A missing Host header gets our response, in the envelope.
    requireHostHeader: false,
    // Otherwise Node ignores a second Content-Type. Joined values are never mistaken for a single
    // one.
    joinDuplicateHeaders: true,
    // perf: docs/performance.md#requests-without-a-body. Node 20 ignores it.
    optimizeEmptyRequests: true,
    ...classes,
  };
  const server = createServer(options, (request, response) => {
    receive(request, response);
  });
  // By default Node drops headers after the thousandth: an address, or a second credential. The
  // bytes are limited anyway.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.silenceTimeoutMs);
  // With these listeners Node neither requests a body before we want it, nor rejects an unknown
  // `Expect` itself.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    receive(request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const text = 'Only Expect: 100-continue is supported.';
    // The client may or may not send its body now, so the connection cannot be used again.
    receive(request, response, new ProtocolError(417, 'EXPECTATION_FAILED', text, { Connection: 'close' }));
  });
  return server;
}
