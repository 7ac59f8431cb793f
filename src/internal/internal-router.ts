import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { MaybePromise } from '../common/maybe-promise.js';
import { isLoopback } from '../config/is-loopback.js';
import { describeFailure, ProtocolError, type Failure } from '../http/error-response.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { INTERNAL_ENDPOINTS, type Credential, type InternalEndpoint } from './internal-endpoint.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';
import { envelopeFailure } from './json-response.js';
import { ServiceAuthenticator } from './service-authenticator.js';

/** A request with the endpoint at its path. */
export interface RoutedRequest extends InternalRequest {
  /** Undefined if there is none. */
  readonly endpoint: InternalEndpoint | undefined;
}

/**
 * Finds the endpoint of a request and runs it, after the checks that all endpoints share: HTTP
 * itself, the method, the credential.
 */
@Injectable()
export class InternalRouter {
  private readonly byPath = new Map<string, InternalEndpoint>();
  private readonly withSubpaths: readonly InternalEndpoint[];

  constructor(
    @Inject(INTERNAL_ENDPOINTS) endpoints: readonly InternalEndpoint[],
    private readonly authenticator: ServiceAuthenticator,
    @Inject(LOGGER) private readonly logger: StructuredLogger,
  ) {
    for (const endpoint of endpoints) {
      if (this.byPath.has(endpoint.path)) {
        throw new TypeError(`two internal endpoints have the path ${endpoint.path}`);
      }
      this.byPath.set(endpoint.path, endpoint);
    }
    this.withSubpaths = endpoints.filter(({ takesSubpaths }) => takesSubpaths === true);
  }

  /**
   * The beginnings of paths whose dot segments must not be resolved: that could lead to another
   * endpoint.
   */
  get opaquePrefixes(): readonly string[] {
    return this.withSubpaths.map(({ path }) => `${path}/`);
  }

  /** The endpoint at a path; undefined if there is none. */
  find(path: string): InternalEndpoint | undefined {
    return this.byPath.get(path) ?? this.withSubpaths.find((endpoint) => path.startsWith(`${endpoint.path}/`));
  }

  /**
   * The response to a request. Never throws; sets the client, the verdict and the failure in the
   * request's context.
   */
  handle(routed: RoutedRequest): MaybePromise<InternalResponse> {
    const failed = (error: unknown) => this.failed(routed, error);
    try {
      const response = this.run(routed);
      return response instanceof Promise ? response.catch(failed) : response;
    } catch (error) {
      return failed(error);
    }
  }

  /** A failure in the format of the endpoint; in the envelope, if there is none. */
  formatFailure(routed: RoutedRequest, failure: Failure): InternalResponse {
    return routed.endpoint?.formatFailure(routed, failure) ?? envelopeFailure(routed, failure);
  }

  private run(routed: RoutedRequest): MaybePromise<InternalResponse> {
    const { request, context, endpoint } = routed;
    if (context.refusal !== null) {
      throw context.refusal;
    }
    if (endpoint === undefined) {
      throw new ProtocolError(
        404,
        'NOT_FOUND',
        'No endpoint of the internal listener has this path. Check it against "For your services" in the README.',
      );
    }
    if (endpoint.methods?.includes(request.method ?? '') === false) {
      throw new ProtocolError(405, 'METHOD_NOT_ALLOWED', `Use ${endpoint.methods.join(' or ')} here.`, {
        Allow: endpoint.methods.join(', '),
      });
    }
    context.client = this.authenticator.identify(request, endpoint.credential);
    if (this.authenticator.isOpen && endpoint.credential !== 'gateway-token') {
      rejectPages(request, endpoint.credential);
    }
    return endpoint.handle(routed);
  }

  private failed(routed: RoutedRequest, error: unknown): InternalResponse {
    const { context } = routed;
    const failure = describeFailure(error);
    if (failure.code === 'INTERNAL') {
      const { requestId, supportId } = context;
      this.logger.error({ request_id: requestId, support_id: supportId, err: error }, 'a request failed on our side');
    }
    context.failure = { code: failure.code, detail: error instanceof DomainError ? error.detail : undefined };
    return this.formatFailure(routed, failure);
  }
}

/**
 * Without tokens every process of this machine may call, and so may a browser on it. A page of
 * another site can make the browser send a form, or can use a name of its own for the address of
 * this machine (DNS rebinding).
 */
function rejectPages({ headers }: IncomingMessage, credential: Credential): void {
  if (!isNameOfThisMachine(headers.host)) {
    throw new ProtocolError(
      421,
      'FOREIGN_HOST',
      'Without INTERNAL_TOKENS, the Host header must be localhost or a loopback address.',
    );
  }
  // Health and metrics change nothing, so a link to them is harmless.
  if (credential !== 'none' && isFromOtherSite(headers)) {
    throw new ProtocolError(
      403,
      'FOREIGN_ORIGIN',
      'Without INTERNAL_TOKENS this listener takes no request from a page of another site: set INTERNAL_TOKENS, and send one of them.',
    );
  }
}

function isNameOfThisMachine(host = ''): boolean {
  return isLoopback(
    host
      .toLowerCase()
      .replace(/:\d*$/, '')
      .replace(/^\[|\]$/g, ''),
  );
}

/**
 * Browsers send Sec-Fetch-Site (W3C Fetch Metadata), older ones only Origin (RFC 6454); services
 * send neither.
 */
function isFromOtherSite({ host, origin, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean {
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  return isForeignSite || (origin !== undefined && origin !== `http://${host ?? ''}`);
}
