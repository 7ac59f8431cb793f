import type { AnswerIdentity } from './envelope.js';

const IDENTITY = Symbol('request identity');

interface RequestWithIdentity {
  [IDENTITY]?: AnswerIdentity;
}

/** Notes on the request by which ids its answer and its log lines are found. Only the listeners call this, first thing. */
export function setRequestIdentity(request: object, identity: AnswerIdentity): void {
  (request as RequestWithIdentity)[IDENTITY] = identity;
}

/** The ids of a request, in our own making, never the client's. Throws on a request that did not come through a listener of ours. */
export function requestIdentity(request: object): AnswerIdentity {
  const identity = (request as RequestWithIdentity)[IDENTITY];
  if (identity === undefined) {
    throw new TypeError('the request has no identity: it did not come through a listener of ours');
  }
  return identity;
}
