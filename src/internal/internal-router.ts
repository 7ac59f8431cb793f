import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { MaybePromise } from '../common/maybe-promise.js';
import { isLoopback } from '../config/is-loopback.js';
import { describeFailure, type Failure } from '../http/failure.js';
import { findHostFailure } from '../http/http-preconditions.js';
import { ProtocolError } from '../http/protocol-error.js';
import { findRefusal } from '../http/refusal.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import type { InternalResponse } from './internal-request.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import type { Credential } from './internal-endpoint.js';
import { failureResponse } from './json-response.js';
import type { Progress } from './internal-request-context.js';

/** Leads a call through its endpoint: what HTTP makes wrong, the method, who calls, and then the endpoint's own answer. */
@Injectable()
export class InternalRouter {
  constructor(
    private readonly callers: ServiceAuthenticator,
    @Inject(LOGGER) private readonly logger: StructuredLogger,
  ) {}

  /** The answer to a call, whatever happens; notes on the way who calls. */
  answer(progress: Progress): MaybePromise<InternalResponse> {
    const failed = (error: unknown) => this.failed(progress, error);
    try {
      const answer = this.enter(progress);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  private enter(progress: Progress): MaybePromise<InternalResponse> {
    const { call, endpoint } = progress;
    const refusal = findRefusal(call.request) ?? findHostFailure(call.request);
    if (refusal !== undefined) {
      throw refusal;
    }
    if (endpoint === undefined) {
      throw new ProtocolError(404, 'NOT_FOUND', 'There is no such endpoint: see the README, "For your services".');
    }
    const method = call.request.method ?? '';
    if (endpoint.methods?.includes(method) === false) {
      throw new ProtocolError(405, 'METHOD_NOT_ALLOWED', `Use ${endpoint.methods.join(' or ')} here.`, {
        Allow: endpoint.methods.join(', '),
      });
    }
    progress.caller = this.callers.identify(call.request, endpoint.credential);
    if (this.callers.areOpen && endpoint.credential !== 'gateway-token') {
      refusePages(call.request, endpoint.credential);
    }
    return endpoint.answer(call);
  }

  private failed(progress: Progress, error: unknown): InternalResponse {
    const { call } = progress;
    const failure = describeFailure(error);
    if (failure.code === 'INTERNAL') {
      const { requestId, supportId } = call.identity;
      this.logger.error({ request_id: requestId, support_id: supportId, err: error }, 'a request failed on our side');
    }
    const answer = failureResponseFor(progress, failure);
    const detail = error instanceof DomainError ? error.detail : undefined;
    return { ...answer, note: { error_code: failure.code, detail } };
  }
}

/** A failure in the words of the endpoint; where there is none, in the envelope. */
export function failureResponseFor({ call, endpoint }: Progress, failure: Failure): InternalResponse {
  return endpoint?.failed(call, failure) ?? failureResponse(call, failure);
}

/**
 * Without tokens every process of this machine may call, and its browser is one. A page of another
 * site can make the browser send a form, or can give itself the address of this machine under a
 * name of its own (DNS rebinding).
 */
function refusePages({ headers }: IncomingMessage, credential: Credential): void {
  if (!isOfThisMachine(headers.host)) {
    throw new ProtocolError(
      421,
      'FOREIGN_HOST',
      'Without INTERNAL_TOKENS this listener answers to names of this machine only.',
    );
  }
  // Health and metrics change nothing, and a link to them may be followed.
  if (credential !== 'none' && isOfOtherSite(headers)) {
    throw new ProtocolError(
      403,
      'FOREIGN_ORIGIN',
      'Without INTERNAL_TOKENS this listener takes no request from a page of another site: set INTERNAL_TOKENS, and send one of them.',
    );
  }
}

function isOfThisMachine(host = ''): boolean {
  return isLoopback(
    host
      .toLowerCase()
      .replace(/:\d*$/, '')
      .replace(/^\[|\]$/g, ''),
  );
}

/**
 * Browsers say so in Sec-Fetch-Site (W3C Fetch Metadata), older ones in Origin (RFC 6454) alone;
 * services send neither.
 */
function isOfOtherSite({ host, origin, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean {
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  return isForeignSite || (origin !== undefined && origin !== `http://${host ?? ''}`);
}
