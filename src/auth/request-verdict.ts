import type { Verdict } from '../decision/verdict.js';

const VERDICT = Symbol('verdict');

interface RequestWithVerdict {
  [VERDICT]?: Verdict;
}

/** Notes the verdict on a request. The bearer guard alone does. */
export function setVerdict(request: object, verdict: Verdict): void {
  (request as RequestWithVerdict)[VERDICT] = verdict;
}

/** The verdict on a request; undefined on a public route. */
export function findVerdict(request: object): Verdict | undefined {
  return (request as RequestWithVerdict)[VERDICT];
}
