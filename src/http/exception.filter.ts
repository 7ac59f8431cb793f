import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ClientGoneError } from '../common/client-gone-error.js';
import { DomainError } from '../common/domain-error.js';
import { requestContext, type RequestContext } from '../common/request-context.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { describeFailure, sendFailure, type Failure } from './error-response.js';
import type { HttpRequest, HttpResponse } from './http-request.js';

/**
 * Sends the envelope of everything that handlers, guards, pipes, interceptors and middleware throw;
 * logs the rest.
 */
@Catch()
export class EnvelopeExceptionFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: StructuredLogger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const context = requestContext(host.switchToHttp().getRequest<HttpRequest>());
    const response = host.switchToHttp().getResponse<HttpResponse>();
    if (response.writableEnded || thrown instanceof ClientGoneError) {
      // A truncated body was rejected while the handler waited for it, or the client is gone.
      return;
    }
    const failure = describeFailure(thrown);
    this.log(thrown, failure, context);
    if (response.headersSent) {
      // The response has begun and cannot be withdrawn; it must not look complete.
      response.destroy();
      return;
    }
    sendFailure(context, response, failure, thrown instanceof DomainError ? thrown.detail : undefined);
  }

  private log(thrown: unknown, { status, code }: Failure, { requestId, supportId }: RequestContext): void {
    if (status < 500) {
      return;
    }
    const fields = { request_id: requestId, support_id: supportId, error_code: code, err: thrown };
    if (status === 503) {
      this.logger.warn(fields, 'unavailable');
    } else {
      this.logger.error(fields, 'a request failed on our side');
    }
  }
}
