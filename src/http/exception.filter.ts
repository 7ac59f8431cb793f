import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ClientGoneError } from '../common/client-gone-error.js';
import { DomainError } from '../common/domain-error.js';
import { requestIdentity } from '../contract/request-identity.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import type { HttpRequest, HttpResponse } from './http-request.js';
import { describeFailure, type Failure } from './failure.js';
import { sendFailure } from './send-failure.js';

/** Makes an envelope of everything thrown, by handlers, guards, pipes, interceptors and middleware alike. The log learns the rest. */
@Catch()
export class EnvelopeExceptionFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: StructuredLogger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<HttpRequest>();
    const response = host.switchToHttp().getResponse<HttpResponse>();
    if (response.writableEnded || thrown instanceof ClientGoneError) {
      // Answered already, because a body that broke off was refused while the handler waited for
      // it; or there is no client left.
      return;
    }
    const failure = describeFailure(thrown);
    this.log(thrown, failure, request);
    if (response.headersSent) {
      // Half an answer cannot be taken back; it must not look like a whole one.
      response.destroy();
      return;
    }
    sendFailure(request, response, failure, thrown instanceof DomainError ? thrown.detail : undefined);
  }

  private log(thrown: unknown, { status, code }: Failure, request: HttpRequest): void {
    if (status < 500) {
      return;
    }
    const { requestId, supportId } = requestIdentity(request);
    const fields = { request_id: requestId, support_id: supportId, error_code: code, err: thrown };
    if (status === 503) {
      this.logger.warn(fields, 'unavailable');
    } else {
      this.logger.error(fields, 'a request failed on our side');
    }
  }
}
