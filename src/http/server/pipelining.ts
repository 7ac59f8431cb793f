import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../error-response.js';

const CONNECTION = Symbol('connection');
/** Requests that may wait behind the one that is being served. */
const MAX_WAITING = 1_000;

/** One request and its response, from arrival to end. A listener implements it. */
export interface InFlightRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Serves the request, when its turn comes. */
  serve(): void;
  /** Sends a failure in the format of whatever the request asks for. The response has not begun. */
  fail(failure: Failure): void;
  /** Called once, when the response is out or can no longer be sent. */
  settled(): void;
}

interface SocketWithConnection extends Socket {
  [CONNECTION]?: PipelinedConnection;
}

/**
 * The requests of one connection, served one at a time and in order.
 *
 * Node starts pipelined requests all at once, and says nothing of those that wait when the socket
 * closes. Here each request is settled exactly once, also those, and nothing is ever written into
 * the response of another request.
 */
export class PipelinedConnection {
  /** Set when a failure below HTTP is, or will be, the last response: no more requests are read. */
  isClosing = false;
  /** The peer's; stored, because a closed socket no longer has it. */
  readonly remoteAddress: string | null;
  private readonly open: InFlightRequest[] = [];
  private latest: InFlightRequest | undefined;
  private whenIdle: (() => void) | undefined;
  /** The request whose turn it is. */
  private served: InFlightRequest | undefined;
  private readonly waiting: InFlightRequest[] = [];

  private constructor(private readonly socket: Socket) {
    this.remoteAddress = socket.remoteAddress ?? null;
    socket.once('close', () => {
      for (const inFlight of [...this.open]) {
        this.settle(inFlight);
      }
    });
  }

  static of(socket: SocketWithConnection): PipelinedConnection {
    return (socket[CONNECTION] ??= new PipelinedConnection(socket));
  }

  /** Takes a request that has arrived, and serves it when those before it are settled. */
  receive(inFlight: InFlightRequest): void {
    const { request, response } = inFlight;
    if (request.headers.upgrade !== undefined) {
      // We never upgrade, but Node's parser stops at the header and loses the requests behind it.
      response.setHeader('Connection', 'close');
    }
    this.latest = inFlight;
    this.open.push(inFlight);
    // Not `once`, which allocates a wrapper: settling again does nothing.
    response.on('close', () => {
      this.settle(inFlight);
    });
    if (this.served === undefined) {
      this.startTurn(inFlight);
    } else if (this.waiting.length < MAX_WAITING) {
      this.waiting.push(inFlight);
    } else {
      this.socket.destroy();
    }
  }

  /** The request whose body is still arriving: an error of the parser is about that body. */
  findArriving(): InFlightRequest | undefined {
    return this.latest?.request.complete === false ? this.latest : undefined;
  }

  /** Calls back when every response is out: immediately if none is under way. */
  afterResponses(callback: () => void): void {
    this.whenIdle = callback;
    this.runWhenIdle();
  }

  private startTurn(inFlight: InFlightRequest): void {
    this.served = inFlight;
    runAtEndOfTick(() => {
      // Skipped if it was rejected because of the bytes behind it, or if the response before it was
      // the last one.
      if (!inFlight.response.headersSent && this.socket.writable) {
        inFlight.serve();
      }
    });
  }

  private endTurn(inFlight: InFlightRequest): void {
    if (this.served !== inFlight) {
      return;
    }
    this.served = undefined;
    const next = this.socket.writable ? this.waiting.shift() : undefined;
    if (next !== undefined) {
      this.startTurn(next);
    }
  }

  private settle(inFlight: InFlightRequest): void {
    const place = this.open.indexOf(inFlight);
    if (place !== -1) {
      this.open.splice(place, 1);
      this.forget(inFlight);
      inFlight.settled();
      this.runWhenIdle();
      this.endTurn(inFlight);
    }
  }

  /**
   * An idle connection would otherwise keep its last request alive until it reaches the old
   * generation.
   */
  private forget(inFlight: InFlightRequest): void {
    if (this.latest === inFlight && inFlight.request.complete) {
      this.latest = undefined;
    }
  }

  private runWhenIdle(): void {
    if (this.open.length === 0 && this.whenIdle !== undefined) {
      const callback = this.whenIdle;
      this.whenIdle = undefined;
      callback();
    }
  }
}

let due: (() => void)[] = [];

/**
 * Runs `work` at the end of the current event-loop tick, batched with other deferred work. Handling
 * the tick's requests stage by stage keeps the instruction cache hot: 2-3 times the throughput
 * (ADR 9). Without load it costs a few microseconds.
 */
function runAtEndOfTick(work: () => void): void {
  due.push(work);
  if (due.length === 1) {
    setImmediate(() => {
      const all = due;
      due = [];
      for (const each of all) {
        each();
      }
    });
  }
}
