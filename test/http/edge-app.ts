import { Module, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import type { Envelope } from '../../src/contract/envelope.js';
import { CONFIG } from '../../src/config/config.js';
import { EnvelopeInterceptor } from '../../src/http/envelope.interceptor.js';
import { EnvelopeExceptionFilter } from '../../src/http/exception.filter.js';
import { JsonBodyInterceptor } from '../../src/http/json-body.interceptor.js';
import { setUpPublicListener } from '../../src/http/request.middleware.js';
import { PublicExpressAdapter } from '../../src/http/server/express.adapter.js';
import type { ListenerLimits } from '../../src/http/server/http-server.js';
import { RequestValidationPipe } from '../../src/http/validation.pipe.js';
import { createLogger, LOGGER } from '../../src/logging/logger.js';
import { MetricsModule } from '../../src/metrics/metrics.module.js';
import { NestLogger } from '../../src/logging/nest-logger.js';
import { EdgeController, HealthController, TestGuard } from './edge.controller.js';

export const EIGHT_KEYS = ['status', 'data', 'error', 'log', 'validator', 'support_id', 'message', 'env'];

/** A line of the log, read back. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The public listener around a controller of the tests, without the product and its database. */
export class EdgeApp {
  readonly port: number;
  readonly url: string;

  private constructor(
    readonly app: NestExpressApplication,
    private readonly lines: string[],
  ) {
    this.port = (app.getHttpServer().address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  static async start(limits: Partial<ListenerLimits> = {}): Promise<EdgeApp> {
    const lines: string[] = [];
    const logger = createLogger({ logLevel: 'debug', logFormat: 'json' }, { write: (line) => lines.push(line) });
    const app = await NestFactory.create<NestExpressApplication>(
      moduleWith([{ provide: LOGGER, useValue: logger }]),
      new PublicExpressAdapter('development', limits),
      { bodyParser: false, logger: new NestLogger(logger) },
    );
    setUpPublicListener(app);
    await app.listen(0, '127.0.0.1');
    lines.length = 0;
    return new EdgeApp(app, lines);
  }

  /** The whole log as text. */
  log(): string {
    return this.lines.join('');
  }

  /** Waits until there are that many log lines about requests, and returns all of them. */
  async requestLines(count: number): Promise<LogLine[]> {
    const entries = () => this.lines.map((line) => JSON.parse(line) as LogLine).filter(({ msg }) => msg === 'request');
    await until(() => entries().length >= count);
    // Time for a line that would be written twice.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return entries();
  }

  forgetLog(): void {
    this.lines.length = 0;
  }

  async close(): Promise<void> {
    this.app.getHttpServer().closeAllConnections();
    await this.app.close();
  }
}

function moduleWith(providers: Provider[]): Type {
  @Module({
    imports: [MetricsModule],
    controllers: [EdgeController, HealthController],
    providers: [
      ...providers,
      { provide: CONFIG, useValue: { env: 'development' } },
      { provide: APP_GUARD, useClass: TestGuard },
      { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
      { provide: APP_INTERCEPTOR, useClass: JsonBodyInterceptor },
      { provide: APP_PIPE, useClass: RequestValidationPipe },
      { provide: APP_FILTER, useClass: EnvelopeExceptionFilter },
    ],
  })
  class EdgeTestModule {}
  return EdgeTestModule;
}

/** Polls until the condition holds; fails the test when it does not within two seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 2_000;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error('the condition did not come true in time');
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** An envelope with exactly the eight keys, in their order. */
export function expectEnvelope(body: string): Envelope {
  const envelope = JSON.parse(body) as Envelope;
  expect(Object.keys(envelope)).toEqual(EIGHT_KEYS);
  expect(envelope.support_id).toMatch(/^support_[0-9a-f-]{36}$/);
  expect(envelope.env).toBe('development');
  return envelope;
}

/** An envelope of a failure, and nothing else in it. */
export function expectFailure(body: string, status: number): Envelope {
  const envelope = expectEnvelope(body);
  expect(envelope).toMatchObject({ status, data: null, message: null });
  expect(envelope.error).toEqual(expect.any(String));
  expect(envelope.log?.request_id).toMatch(/^req_[0-9a-f-]{36}$/);
  return envelope;
}
