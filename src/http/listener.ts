import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ProtocolError } from './protocol-error.js';
import { setRefusal } from './refusal.js';
import { normalizeTarget } from './request-target.js';
import { StalledReaders } from './stalled-readers.js';

/** How long a listener waits, and how much it takes. */
export interface ListenerLimits {
  /** For a whole request, body included. */
  readonly requestTimeoutMs: number;
  /** For a request's line and headers. */
  readonly headersTimeoutMs: number;
  /** For the next request on an open connection; 0: as long as for anything to pass. */
  readonly keepAliveTimeoutMs: number;
  /** For anything to pass in either direction, an answer that nobody reads included. */
  readonly silenceTimeoutMs: number;
  /** How often the two timeouts of a request are looked at. */
  readonly checkingIntervalMs: number;
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
  /** For the reader of an answer to take any of the bytes that wait for it. */
  readonly stallTimeoutMs: number;
  /** Connections that are open at the same time. */
  readonly maxConnections: number;
}

/** What both listeners start from. */
export const DEFAULT_LIMITS: ListenerLimits = {
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  // Longer than load balancers keep theirs (HAProxy 5 s, AWS 60 s): whoever closes first must not be us, in the middle of a request.
  keepAliveTimeoutMs: 65_000,
  silenceTimeoutMs: 70_000,
  checkingIntervalMs: 1_000,
  maxHeaderBytes: 16_384,
  stallTimeoutMs: 5_000,
  maxConnections: 10_000,
};

/** How long a stop waits for requests that are under way, once it no longer accepts any. */
const GRACE_MS = 10_000;
const IDLE_SWEEP_MS = 100;
/** How often the readers of answers are looked at. */
const STALL_SWEEP_MS = 1_000;
/** How long a connection that was accepted last may take to say its first word. */
const SILENCE_MS = 500;

/** What requests and answers are to be instances of, if not of Node's own classes. */
export interface RequestClasses {
  readonly IncomingMessage?: typeof IncomingMessage;
  readonly ServerResponse?: typeof ServerResponse;
}

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server with limits, on which nothing is answered but by us, and which can be ended in order. */
export class Listener {
  readonly server: Server;
  /** Called for each connection that is refused because too many are open. */
  whenRefused: () => void = () => undefined;
  /** Called for each connection that is ended because its client does not read. */
  whenStalled: () => void = () => undefined;
  private readonly sockets = new Set<Socket>();
  private makingRoom: NodeJS.Timeout | undefined;

  /**
   * @param serve every request, its target normalized; what HTTP itself makes wrong of it is noted
   * as its refusal
   * @param opaqueBelow see `normalizeTarget`
   */
  constructor(serve: Serve, limits: ListenerLimits, classes: RequestClasses = {}, opaqueBelow?: string) {
    const serveNormalized: Serve = (request, response) => {
      normalizeTarget(request, opaqueBelow);
      serve(request, response);
    };
    const options = {
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkingIntervalMs,
      maxHeaderSize: limits.maxHeaderBytes,
      // Its absence is answered by us, in the envelope.
      requireHostHeader: false,
      // Otherwise a second Content-Type would be ignored. Joined, two values are not taken for one.
      joinDuplicateHeaders: true,
      ...classes,
    };
    this.server = answerExpectations(createServer(options, serveNormalized), serveNormalized);
    // Node would drop in silence what comes after the thousandth header, an address or a second credential; the bytes are limited anyway.
    this.server.maxHeadersCount = 0;
    this.server.setTimeout(limits.silenceTimeoutMs);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.maxConnections = limits.maxConnections;
    this.server.on('drop', () => {
      this.whenRefused();
      this.makeRoom();
    });
    this.endStalledReaders(limits.stallTimeoutMs);
  }

  /** Connections that may be open at the same time. */
  get maxConnections(): number {
    return this.server.maxConnections;
  }

  /** From now on each answer is the last of its connection: one that is never idle could not be closed but by cutting off a request. */
  askClientsToLeave(): void {
    const close: Serve = (_request, response) => {
      response.setHeader('Connection', 'close');
    };
    this.server.prependListener('request', close);
    this.server.prependListener('checkContinue', close);
  }

  /** Accepts no more, answers what is under way, and cuts off what takes longer than ten seconds. */
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
      // One that never listened says so; closed it is all the same.
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

  /** Ends idle connections, so that a client that opens them does not keep the others out. */
  private makeRoom(): void {
    this.makingRoom ??= setTimeout(() => {
      this.makingRoom = undefined;
      this.server.closeIdleConnections();
    }, IDLE_SWEEP_MS).unref();
  }

  private endStalledReaders(timeoutMs: number): void {
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

  /** Closes the connections on which nobody has ever said anything: to Node they are busy, and a stop would wait for them. */
  private closeSilentConnections(): void {
    for (const socket of this.sockets) {
      if (socket.bytesRead === 0) {
        socket.destroy();
      }
    }
  }
}

/** With these listeners Node neither invites a body before we want it, nor answers an `Expect` it does not know by itself. */
function answerExpectations(server: Server, serve: Serve): Server {
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
