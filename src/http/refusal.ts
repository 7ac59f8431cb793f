import type { ProtocolError } from './protocol-error.js';

const REFUSAL = Symbol('refusal');

interface RequestWithRefusal {
  [REFUSAL]?: ProtocolError;
}

/** Notes on a request that the server already knows it must fail: the edge refuses it, once it has its identity. */
export function setRefusal(request: object, refusal: ProtocolError): void {
  (request as RequestWithRefusal)[REFUSAL] = refusal;
}

/** What was noted; undefined when nothing is wrong so far. */
export function findRefusal(request: object): ProtocolError | undefined {
  return (request as RequestWithRefusal)[REFUSAL];
}
