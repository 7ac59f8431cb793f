import type { ApiEnvironment } from '../common/api-environment.js';
import type { RequestIdentity } from './envelope.js';
import { newRequestIds } from '../common/prefixed-id.js';

const IDENTITY = Symbol('request identity');

interface RequestWithIdentity {
  [IDENTITY]?: RequestIdentity;
}

/** Ids for an answer and its log lines, of our own making, never the client's. */
export function newIdentity(env: ApiEnvironment): RequestIdentity {
  const [requestId, supportId] = newRequestIds('req_', 'support_');
  return { requestId, supportId, env };
}

/** Gives a request the ids by which its answer and its log lines are found. Only the listeners call this, first thing. */
export function giveIdentity(request: object, env: ApiEnvironment): RequestIdentity {
  return ((request as RequestWithIdentity)[IDENTITY] = newIdentity(env));
}

/** The ids of a request. Throws on a request that did not come through a listener of ours. */
export function requestIdentity(request: object): RequestIdentity {
  const identity = (request as RequestWithIdentity)[IDENTITY];
  if (identity === undefined) {
    throw new TypeError('the request has no identity: it did not come through a listener of ours');
  }
  return identity;
}
