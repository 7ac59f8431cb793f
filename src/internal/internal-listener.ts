import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { newPassingId } from '../common/prefixed-id.js';
import { setRequestIdentity } from '../common/request-identity.js';
import { CONFIG, type Config } from '../config/config.js';
import { isLoopback } from '../config/is-loopback.js';
import { answerBelowHttp } from '../http/below-http.js';
import { Connection } from '../http/connection.js';
import type { Exchange } from '../http/exchange.js';
import { describeFailure, type Failure } from '../http/failure.js';
import { findHostFailure } from '../http/protocol-checks.js';
import { DEFAULT_LIMITS, Listener } from '../http/listener.js';
import { ProtocolError } from '../http/protocol-error.js';
import { findRefusal } from '../http/refusal.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import type { Call, CallAnswer, CallNote } from './call.js';
import { InternalCallers } from './internal-callers.js';
import type { InternalDoor } from './internal-door.js';
import { InternalDoors } from './internal-doors.js';
import { InternalMetrics } from './internal-metrics.js';
import { envelopeFailure } from './json-answer.js';

/** How long a stop waits for verifications that nobody waits for any more: longer than one can take. */
const LAST_CALLS_MS = 3_000;
/** Services on the same network need no patience. */
const LIMITS = { ...DEFAULT_LIMITS, requestTimeoutMs: 10_000, headersTimeoutMs: 5_000 };

/** Where a call has got to, for its line in the log. */
interface Progress {
  readonly door: InternalDoor | undefined;
  readonly call: Call;
  caller: string | null;
  note: CallNote | undefined;
}

/**
 * The listener for services and gateways: plain `node:http`, for a framework would cost more than a verification does. Opened and closed
 * by the start and the stop, like the public one.
 */
@Injectable()
export class InternalListener {
  private readonly listener: Listener;
  private readonly serving = new Set<Promise<void>>();

  constructor(
    private readonly doors: InternalDoors,
    private readonly callers: InternalCallers,
    private readonly metrics: InternalMetrics,
    private readonly httpMetrics: HttpMetrics,
    @Inject(LOGGER) private readonly logger: StructuredLogger,
    @Inject(CONFIG) private readonly config: Pick<Config, 'env' | 'internalHost' | 'internalPort'>,
  ) {
    this.listener = new Listener((request, response) => {
      this.receive(request, response);
    }, LIMITS);
    answerBelowHttp(this.listener.server, logger, config.env);
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
    logger.log(`the doors for services are at ${this.url}`);
    if (this.callers.areOpen) {
      logger.warn('INTERNAL_TOKENS is empty: whoever is on this machine may use the doors for services');
    }
  }

  /** See `Listener.askClientsToLeave`. */
  askClientsToLeave(): void {
    this.listener.askClientsToLeave();
  }

  /** See `Listener.close`. Verifications whose clients have gone are counted too: their end is waited for. */
  async close(): Promise<void> {
    await this.listener.close();
    await Promise.race([Promise.allSettled(this.serving), sleep(LAST_CALLS_MS, undefined, { ref: false })]);
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const identity = {
      requestId: newPassingId('req_'),
      supportId: newPassingId('support_'),
      env: this.config.env,
    };
    setRequestIdentity(request, identity);
    const [path, query] = splitTarget(request.url ?? '/');
    const call = { request, response, identity, path, query };
    const progress: Progress = { call, door: this.doors.find(path), caller: null, note: undefined };
    if (request.headers.upgrade !== undefined) {
      // We upgrade to nothing, but Node's parser has stopped for it, and loses what came behind the request.
      response.setHeader('Connection', 'close');
    }
    const connection = Connection.of(request.socket);
    const settled = (exchange: Exchange) => {
      this.settle(progress, exchange);
    };
    connection.begin(request, response, settled, (failure) => {
      progress.note = { error_code: failure.code };
      write(call, failedAnswer(progress, failure));
    });
    connection.inTurn(response, () => {
      const serving = this.serve(progress);
      this.serving.add(serving);
      void serving.finally(() => this.serving.delete(serving));
    });
  }

  private async serve(progress: Progress): Promise<void> {
    const { call } = progress;
    const isAnswered = () => call.response.headersSent;
    if (isAnswered()) {
      // Refused below HTTP while it waited for its turn.
      return;
    }
    let answer: CallAnswer;
    try {
      answer = await this.enter(progress);
    } catch (error) {
      answer = this.failed(progress, error);
    }
    if (isAnswered()) {
      // Refused meanwhile: a body that was none, or came too late.
      return;
    }
    progress.note = answer.note;
    write(call, answer);
  }

  private enter(progress: Progress): Promise<CallAnswer> {
    const { call, door } = progress;
    const refusal = findRefusal(call.request) ?? findHostFailure(call.request);
    if (refusal !== undefined) {
      throw refusal;
    }
    if (door === undefined) {
      throw new ProtocolError(404, 'NO_DOOR', 'There is no such door: see the README, "For your services".');
    }
    const method = call.request.method ?? '';
    if (door.methods?.includes(method) === false) {
      throw new ProtocolError(405, 'METHOD_NOT_ALLOWED', `Use ${door.methods.join(' or ')} here.`, {
        Allow: door.methods.join(', '),
      });
    }
    progress.caller = this.callers.identify(call.request, door.credential);
    if (this.callers.areOpen && door.credential !== 'gateway-token' && !isOfThisMachine(call.request.headers.host)) {
      throw new ProtocolError(
        421,
        'FOREIGN_HOST',
        'Without INTERNAL_TOKENS this listener answers to names of this machine only.',
      );
    }
    return door.answer(call);
  }

  private failed(progress: Progress, error: unknown): CallAnswer {
    const { call } = progress;
    const failure = describeFailure(error);
    if (failure.code === 'INTERNAL') {
      const { requestId, supportId } = call.identity;
      this.logger.error({ request_id: requestId, support_id: supportId, err: error }, 'a request failed on our side');
    }
    const answer = failedAnswer(progress, failure);
    const detail = error instanceof DomainError ? error.detail : undefined;
    return { ...answer, note: { error_code: failure.code, detail } };
  }

  private settle({ call, door, caller, note }: Progress, exchange: Exchange): void {
    const { request, response } = exchange;
    const status = response.headersSent ? response.statusCode : null;
    this.httpMetrics.count('internal', status);
    this.metrics.count(door?.name ?? '', caller, status ?? 0);
    const level = door?.isQuiet === true ? 'debug' : 'info';
    if (!this.logger.isLevelEnabled(level)) {
      return;
    }
    this.logger[level](
      {
        request_id: call.identity.requestId,
        support_id: call.identity.supportId,
        method: request.method,
        door: door?.name ?? null,
        caller,
        status,
        duration_ms: Math.round((performance.now() - exchange.startedMs) * 100) / 100,
        ...note,
        remote_address: exchange.remoteAddress ?? null,
        aborted: !response.writableFinished,
      },
      'request',
    );
  }
}

function failedAnswer({ call, door }: Progress, failure: Failure): CallAnswer {
  return door?.failed(call, failure) ?? envelopeFailure(call, failure);
}

/** A page in a browser can be made to call by any other name (DNS rebinding), and what is open to this machine is open to its browser. */
function isOfThisMachine(host = ''): boolean {
  return isLoopback(host.replace(/:\d*$/, '').replace(/^\[|\]$/g, ''));
}

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?');
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

function write({ response, identity }: Call, { status, headers, body }: CallAnswer): void {
  response.writeHead(status, [
    ...headers,
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    identity.requestId,
  ]);
  response.end(body);
}
