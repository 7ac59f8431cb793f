import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { InFlightRequest } from './in-flight-request.js';
import { runAtEndOfTick } from './end-of-tick.js';

const CONNECTION = Symbol('connection');
/** Requests that may wait behind the one that is being answered. */
const MOST_WAITING = 1_000;

interface SocketWithConnection extends Socket {
  [CONNECTION]?: Connection;
}

/**
 * The exchanges of one connection, so that each is settled exactly once (also those that wait behind others when the socket
 * closes, of which Node says nothing), and so that nothing is ever written into another request's answer.
 */
export class Connection {
  /** Set once the connection takes no more requests, because a failure below HTTP was, or is about to be, answered. */
  isClosing = false;
  /** Settles each exchange that is open. */
  private readonly open: (() => void)[] = [];
  private readonly remoteAddress: string | undefined;
  private latest: InFlightRequest | undefined;
  private whenIdle: (() => void) | undefined;
  /** The answer to the request whose turn it is. */
  private served: ServerResponse | undefined;
  private readonly waiting: (() => void)[] = [];

  private constructor(private readonly socket: Socket) {
    this.remoteAddress = socket.remoteAddress;
    socket.once('close', () => {
      for (const settle of [...this.open]) {
        settle();
      }
    });
  }

  static of(socket: SocketWithConnection): Connection {
    return (socket[CONNECTION] ??= new Connection(socket));
  }

  /** Begins an exchange; `settled` is called once, when the answer is out or can no longer get out. */
  begin(
    request: IncomingMessage,
    response: ServerResponse,
    settled: (exchange: InFlightRequest) => void,
    fail?: InFlightRequest['fail'],
  ): void {
    if (request.headers.upgrade !== undefined) {
      // We upgrade to nothing, but Node's parser has stopped for it, and loses what came behind the request.
      response.setHeader('Connection', 'close');
    }
    const { remoteAddress } = this;
    const exchange: InFlightRequest = { request, response, startedMs: performance.now(), remoteAddress, fail };
    const settle = () => {
      const place = this.open.indexOf(settle);
      if (place !== -1) {
        this.open.splice(place, 1);
        this.forget(exchange);
        settled(exchange);
        this.runWhenIdle();
        this.endTurn(response);
      }
    };
    this.latest = exchange;
    this.open.push(settle);
    // Not `once`, which makes a wrapper: to be settled again does nothing.
    response.on('close', settle);
  }

  /**
   * Serves one request of the connection at a time. Node starts pipelined ones all at once; those whose turn never comes, because
   * the socket closed, are never told, and would keep for ever what they opened. The exchange must have begun.
   */
  inTurn(response: ServerResponse, serve: () => void): void {
    const start = () => {
      this.served = response;
      runAtEndOfTick(() => {
        // Not carried out if it has been answered: refused for what came behind it. Nor if the answer before it was the connection's last.
        if (!response.headersSent && this.socket.writable) {
          serve();
        }
      });
    };
    if (this.served === undefined) {
      start();
    } else if (this.waiting.length < MOST_WAITING) {
      this.waiting.push(start);
    } else {
      this.socket.destroy();
    }
  }

  private endTurn(response: ServerResponse): void {
    if (this.served === response) {
      this.served = undefined;
      (this.socket.writable ? this.waiting.shift() : undefined)?.();
    }
  }

  /** Held until the next one, it would outlive two rounds of the garbage collector, each time, on every connection. */
  private forget(exchange: InFlightRequest): void {
    if (this.latest === exchange && exchange.request.complete) {
      this.latest = undefined;
    }
  }

  /** The exchange whose request is still arriving: whatever is wrong with the bytes is wrong with its body. */
  findArriving(): InFlightRequest | undefined {
    return this.latest?.request.complete === false ? this.latest : undefined;
  }

  /** Calls back when every answer is out: now, if none is under way. */
  afterAnswers(callback: () => void): void {
    this.whenIdle = callback;
    this.runWhenIdle();
  }

  private runWhenIdle(): void {
    if (this.open.length === 0 && this.whenIdle !== undefined) {
      const callback = this.whenIdle;
      this.whenIdle = undefined;
      callback();
    }
  }
}
