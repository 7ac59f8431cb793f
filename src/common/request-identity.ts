import type { AnswerIdentity, ApiEnvironment } from './envelope.js';
import { newPassingIds } from './prefixed-id.js';

const IDENTITY = Symbol('request identity');

interface RequestWithIdentity {
  [IDENTITY]?: AnswerIdentity;
}

/** Ids for an answer and its log lines, of our own making, never the client's. */
export function newIdentity(env: ApiEnvironment): AnswerIdentity {
  const [requestId, supportId] = newPassingIds('req_', 'support_');
  return { requestId, supportId, env };
}

/** Gives a request the ids by which its answer and its log lines are found. Only the listeners call this, first thing. */
export function giveIdentity(request: object, env: ApiEnvironment): AnswerIdentity {
  return ((request as RequestWithIdentity)[IDENTITY] = newIdentity(env));
}

/** The ids of a request. Throws on a request that did not come through a listener of ours. */
export function requestIdentity(request: object): AnswerIdentity {
  const identity = (request as RequestWithIdentity)[IDENTITY];
  if (identity === undefined) {
    throw new TypeError('the request has no identity: it did not come through a listener of ours');
  }
  return identity;
}
