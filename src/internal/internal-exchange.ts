import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from '../common/request-context.js';
import type { AccessLog } from '../http/access-log.js';
import type { Failure } from '../http/error-response.js';
import type { InFlightRequest } from '../http/server/pipelining.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';
import type { InternalRouter } from './internal-router.js';

/** Node 20 writes a body that is given to `end` as two chunks, of which the second is empty. */
const END_IS_ONE_WRITE = Number.parseInt(process.versions.node, 10) >= 24;

/**
 * How long a client may use an idle connection: less than we keep it, so that no request meets its
 * end.
 */
const KEEP_ALIVE = ['Keep-Alive', 'timeout=65'];

/** The requests that endpoints are working on, including those whose clients have gone. */
export class PendingWork {
  private count = 0;
  private whenNone: (() => void) | undefined;

  begin(): void {
    this.count++;
  }

  end(): void {
    if (--this.count === 0) {
      this.whenNone?.();
    }
  }

  /** Resolves when none is left. */
  async finished(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.whenNone = resolve;
      if (this.count === 0) {
        resolve();
      }
    });
  }
}

/** A request of the internal listener, from its arrival to its line in the access log. */
export class InternalExchange implements InFlightRequest, InternalRequest {
  readonly query: string;
  readonly endpoint: InternalEndpoint | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly context: RequestContext,
    private readonly router: InternalRouter,
    private readonly services: { readonly accessLog: AccessLog; readonly pending: PendingWork },
  ) {
    const target = request.url ?? '/';
    const queryStart = target.indexOf('?');
    this.query = queryStart === -1 ? '' : target.slice(queryStart + 1);
    this.endpoint = router.find(queryStart === -1 ? target : target.slice(0, queryStart));
    context.endpoint = this.endpoint?.name ?? null;
    context.isQuiet = this.endpoint?.isQuiet === true;
  }

  serve(): void {
    this.services.pending.begin();
    // Synchronous responses wait for this microtask too, so that those of one tick are written one
    // after the other.
    void Promise.resolve(this.router.handle(this)).then((response) => {
      this.deliver(response);
    });
  }

  fail(failure: Failure): void {
    this.context.failure = { code: failure.code, detail: undefined };
    this.write(this.router.formatFailure(this, failure));
  }

  settled(): void {
    this.services.accessLog.recordResponse(this.context, this.response);
  }

  private deliver(response: InternalResponse): void {
    this.services.pending.end();
    // Otherwise it failed in the meantime, because of a body that was malformed or too late.
    if (!this.response.headersSent) {
      this.write(response);
    }
  }

  private write({ status, headers, body }: InternalResponse): void {
    const { response, context } = this;
    const length = Buffer.byteLength(body);
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
      context.requestId,
    ]);
    if (body === '') {
      response.end();
      return;
    }
    // perf: docs/performance.md#one-write-for-each-response
    const encoding = length === body.length ? 'latin1' : 'utf8';
    if (END_IS_ONE_WRITE) {
      response.end(body, encoding);
    } else {
      response.write(body, encoding, () => {
        response.end();
      });
    }
  }
}
