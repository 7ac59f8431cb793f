import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { Soon } from '../common/soon.js';
import { isLoopback } from '../config/is-loopback.js';
import { describeFailure, type Failure } from '../http/failure.js';
import { findHostFailure } from '../http/protocol-checks.js';
import { ProtocolError } from '../http/protocol-error.js';
import { findRefusal } from '../http/refusal.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import type { CallAnswer } from './call.js';
import { InternalCallers } from './internal-callers.js';
import { envelopeFailure } from './json-answer.js';
import type { Progress } from './progress.js';

/** Leads a call through its door: what HTTP makes wrong, the method, who calls, and then the door's own answer. */
@Injectable()
export class InternalRouter {
  constructor(
    private readonly callers: InternalCallers,
    @Inject(LOGGER) private readonly logger: StructuredLogger,
  ) {}

  /** The answer to a call, whatever happens; notes on the way who calls. */
  answer(progress: Progress): Soon<CallAnswer> {
    const failed = (error: unknown) => this.failed(progress, error);
    try {
      const answer = this.enter(progress);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  private enter(progress: Progress): Soon<CallAnswer> {
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
}

/** A failure in the words of the door; where there is none, in the envelope. */
export function failedAnswer({ call, door }: Progress, failure: Failure): CallAnswer {
  return door?.failed(call, failure) ?? envelopeFailure(call, failure);
}

/** A page in a browser can be made to call by any other name (DNS rebinding), and what is open to this machine is open to its browser. */
function isOfThisMachine(host = ''): boolean {
  return isLoopback(
    host
      .toLowerCase()
      .replace(/:\d*$/, '')
      .replace(/^\[|\]$/g, ''),
  );
}
