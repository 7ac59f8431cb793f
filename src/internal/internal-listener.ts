import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { AccessLog } from '../http/access-log.js';
import { DEFAULT_LIMITS, HttpServer } from '../http/server/http-server.js';
import { handleParseErrors } from '../http/server/parse-error.handler.js';
import { PipelinedConnection } from '../http/server/pipelining.js';
import { reportConnections } from '../http/server/report-connections.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import { InternalExchange, PendingWork } from './internal-exchange.js';
import { InternalRouter } from './internal-router.js';
import { ServiceAuthenticator } from './service-authenticator.js';

/** How long a stop waits for verifications whose clients have gone: longer than one can take. */
const LAST_WORK_MS = 3_000;
/**
 * Services are on the same network, so timeouts are short. Idle connections and unread responses
 * share one timeout, which is set once per connection; a separate one for idleness would make Node
 * set two timers per request.
 */
const LIMITS = {
  ...DEFAULT_LIMITS,
  requestTimeoutMs: 10_000,
  headersTimeoutMs: 5_000,
  keepAliveTimeoutMs: 0,
};

/**
 * The listener for services and gateways. It is plain `node:http`, because a framework costs more
 * than a verification. The start and the stop of the process open and close it.
 */
@Injectable()
export class InternalListener {
  private readonly server: HttpServer;
  private readonly pending = new PendingWork();

  constructor(
    router: InternalRouter,
    private readonly authenticator: ServiceAuthenticator,
    metrics: HttpMetrics,
    @Inject(LOGGER) logger: StructuredLogger,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'env' | 'internalHost' | 'internalPort' | 'maxConnections'>,
  ) {
    const { env, maxConnections } = config;
    const accessLog = new AccessLog('internal', logger, metrics);
    const services = { accessLog, pending: this.pending };
    this.server = new HttpServer(
      (request, response, context) => {
        const exchange = new InternalExchange(request, response, context, router, services);
        PipelinedConnection.of(request.socket).receive(exchange);
      },
      { env, limits: { ...LIMITS, maxConnections }, opaquePrefixes: router.opaquePrefixes },
    );
    reportConnections(this.server, 'internal', metrics);
    handleParseErrors(this.server.server, env, accessLog);
  }

  /** Where it listens. */
  get url(): string {
    const { address, port, family } = this.server.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** @throws the error of `listen(2)`, with its code */
  async open(): Promise<void> {
    const { server } = this.server;
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
    if (this.authenticator.isOpen) {
      logger.warn('INTERNAL_TOKENS is empty: every process on this machine may use the endpoints for services');
    }
  }

  /** See `HttpServer.announceClose`. */
  announceClose(): void {
    this.server.announceClose();
  }

  /**
   * See `HttpServer.close`. Also waits for verifications whose clients have gone, because they are
   * counted.
   */
  async close(): Promise<void> {
    await this.server.close();
    await Promise.race([this.pending.finished(), sleep(LAST_WORK_MS, undefined, { ref: false })]);
  }
}
