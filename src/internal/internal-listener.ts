import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { giveIdentity } from '../contract/request-identity.js';
import { CONFIG, type Config } from '../config/config.js';
import { handleParseErrors } from '../http/parse-error.handler.js';
import { Connection } from '../http/pipelined-connection.js';
import type { InFlightRequest } from '../http/in-flight-request.js';
import { DEFAULT_LIMITS, Listener } from '../http/listener.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import type { Call, InternalResponse } from './internal-request.js';
import { InternalAccessLog } from './internal-access-log.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { ENVOY_PREFIX, EndpointRegistry } from './endpoint-registry.js';
import { failureResponseFor, InternalRouter } from './internal-router.js';
import type { Progress } from './internal-request-context.js';

/** How long a stop waits for verifications that nobody waits for any more: longer than one can take. */
const LAST_CALLS_MS = 3_000;
/**
 * Services on the same network need no patience. Idle connections and answers that nobody reads have one and the same timeout, which is set
 * once for each connection: with one of its own for idleness Node sets two for each request.
 */
const LIMITS = {
  ...DEFAULT_LIMITS,
  requestTimeoutMs: 10_000,
  headersTimeoutMs: 5_000,
  keepAliveTimeoutMs: 0,
};
/** For so long the client may use an idle connection: a little less than we keep it, so that no request meets its end. */
const KEEP_ALIVE = ['Keep-Alive', 'timeout=65'];

/**
 * The listener for services and gateways: plain `node:http`, for a framework would cost more than a verification does. Opened and closed
 * by the start and the stop, like the public one.
 */
@Injectable()
export class InternalListener {
  private readonly listener: Listener;
  /** How many calls are being served, and who waits for the last one. */
  private serving = 0;
  private whenServed: (() => void) | undefined;

  constructor(
    private readonly endpoints: EndpointRegistry,
    private readonly callers: ServiceAuthenticator,
    private readonly router: InternalRouter,
    private readonly recorder: InternalAccessLog,
    @Inject(LOGGER) logger: StructuredLogger,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'env' | 'internalHost' | 'internalPort' | 'maxConnections'>,
  ) {
    const receive = (request: IncomingMessage, response: ServerResponse) => {
      this.receive(request, response);
    };
    // Dot segments in the path of Envoy's client must not lead to another endpoint: one that
    // answers 200 would let the client in.
    this.listener = new Listener(receive, { ...LIMITS, maxConnections: config.maxConnections }, {}, `${ENVOY_PREFIX}/`);
    recorder.watch(this.listener);
    handleParseErrors(this.listener.server, logger, config.env);
  }

  /** Where it listens. */
  get url(): string {
    const { address, port, family } = this.listener.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** @throws the error of `listen(2)`, with its code */
  async open(): Promise<void> {
    const { server } = this.listener;
    const { internalHost, internalPort } = this.config;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(internalPort, internalHost, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const logger = new Logger(InternalListener.name);
    logger.log(`the endpoints for services are at ${this.url}`);
    if (this.callers.areOpen) {
      logger.warn('INTERNAL_TOKENS is empty: whoever is on this machine may use the endpoints for services');
    }
  }

  /** See `Listener.askClientsToLeave`. */
  askClientsToLeave(): void {
    this.listener.askClientsToLeave();
  }

  /** See `Listener.close`. Verifications whose clients have gone are counted too: their end is waited for. */
  async close(): Promise<void> {
    await this.listener.close();
    await Promise.race([this.served(), sleep(LAST_CALLS_MS, undefined, { ref: false })]);
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const identity = giveIdentity(request, this.config.env);
    const [path, query] = splitTarget(request.url ?? '/');
    const call = { request, response, identity, path, query };
    const progress: Progress = { call, endpoint: this.endpoints.find(path), caller: null, note: undefined };
    const connection = Connection.of(request.socket);
    const settled = (exchange: InFlightRequest) => {
      this.recorder.record(progress, exchange);
    };
    connection.begin(request, response, settled, (failure) => {
      progress.note = { error_code: failure.code };
      write(call, failureResponseFor(progress, failure));
    });
    connection.inTurn(response, () => {
      this.serve(progress);
    });
  }

  private served(): Promise<void> {
    return new Promise((resolve) => {
      this.whenServed = resolve;
      if (this.serving === 0) {
        resolve();
      }
    });
  }

  private serve(progress: Progress): void {
    this.serving++;
    // One that is there at once waits too, until all that came in with it are answered: then they are written one after the other.
    void Promise.resolve(this.router.answer(progress)).then((answer) => {
      this.deliver(progress, answer);
    });
  }

  private deliver(progress: Progress, answer: InternalResponse): void {
    if (--this.serving === 0) {
      this.whenServed?.();
    }
    if (progress.call.response.headersSent) {
      // Refused meanwhile: a body that was none, or came too late.
      return;
    }
    progress.note = answer.note;
    write(progress.call, answer);
  }
}

function splitTarget(target: string): [path: string, query: string] {
  const queryStart = target.indexOf('?');
  return queryStart === -1 ? [target, ''] : [target.slice(0, queryStart), target.slice(queryStart + 1)];
}

function write({ response, identity }: Call, { status, headers, body, isAscii = false }: InternalResponse): void {
  const length = isAscii ? body.length : Buffer.byteLength(body);
  const isLast = !response.shouldKeepAlive || response.hasHeader('Connection') || headers.includes('Connection');
  response.writeHead(status, [
    ...headers,
    ...(isLast ? [] : KEEP_ALIVE),
    'Content-Length',
    String(length),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    identity.requestId,
  ]);
  if (body === '') {
    response.end();
    return;
  }
  // Where both are the same bytes, Node writes Latin-1 much faster. Given to `end`, the body would be written with an empty piece behind it.
  response.write(body, length === body.length ? 'latin1' : 'utf8', () => {
    response.end();
  });
}
