import type { IncomingMessage, ServerResponse } from 'node:http';
import { failureEnvelope, type RequestIdentity, type Envelope } from '../contract/envelope.js';
import { internalErrorMessage } from '../contract/error-messages.js';
import { requestIdentity } from '../contract/request-identity.js';
import { redactSecrets } from '../logging/redact-secrets.js';
import { setFailureNote } from './failure-note.js';
import type { Failure } from './failure.js';
import { sendJson } from './send-json.js';

/**
 * The envelope that a failure shows to one client. What it repeats of the request (the name of an unknown field, a value that
 * cannot be understood) may be a secret that was put in the wrong place: answers of failures are kept, and shown to others.
 */
export function envelopeOf(identity: RequestIdentity, failure: Failure): Envelope<never> {
  const sentence = failure.sentence ?? internalErrorMessage(identity);
  return failureEnvelope(identity, failure.status, redactSecrets(sentence), redactFields(failure.validator));
}

/** Answers a request with a failure, and notes it for the request's line in the log. The answer must not have begun. */
export function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  failure: Failure,
  detail?: string,
): void {
  setFailureNote(request, { code: failure.code, detail });
  for (const [name, value] of Object.entries(failure.headers)) {
    response.setHeader(name, value);
  }
  // A page that could not be sent has no next one.
  response.removeHeader('Link');
  sendJson(response, failure.status, envelopeOf(requestIdentity(request), failure));
}

function redactFields(fields: Failure['validator']): Failure['validator'] {
  return fields === null
    ? null
    : Object.fromEntries(
        Object.entries(fields).map(([field, message]) => [redactSecrets(field), redactSecrets(message)]),
      );
}
