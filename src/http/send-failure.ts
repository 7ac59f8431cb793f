import { failureEnvelope, type AnswerIdentity, type Envelope } from '../common/envelope.js';
import { internalFailureSentence } from '../common/failure-sentences.js';
import { requestIdentity } from '../common/request-identity.js';
import type { EdgeRequest, EdgeResponse } from './edge-request.js';
import { setFailureNote } from './failure-note.js';
import type { Failure } from './failure.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** The envelope that a failure shows to one client. */
export function envelopeOf(identity: AnswerIdentity, failure: Failure): Envelope<never> {
  const sentence = failure.sentence ?? internalFailureSentence(identity);
  return failureEnvelope(identity, failure.status, sentence, failure.validator);
}

/** Answers a request with a failure, and notes it for the request's line in the log. The answer must not have begun. */
export function sendFailure(request: EdgeRequest, response: EdgeResponse, failure: Failure, detail?: string): void {
  setFailureNote(request, { code: failure.code, detail });
  const body = JSON.stringify(envelopeOf(requestIdentity(request), failure));
  response.statusCode = failure.status;
  response.setHeader('Content-Type', JSON_TYPE);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  for (const [name, value] of Object.entries(failure.headers)) {
    response.setHeader(name, value);
  }
  // A redirect or a page that was prepared before it failed is not to be followed.
  response.removeHeader('Link');
  // For HEAD, Node leaves the body out by itself.
  response.end(body);
}
