/** What the request's line in the log says of its failure. */
export interface FailureNote {
  readonly code: string;
  readonly detail: string | undefined;
}

const NOTE = Symbol('failure note');

interface RequestWithNote {
  [NOTE]?: FailureNote;
}

/** Notes a failure on the request that it answers. */
export function setFailureNote(request: object, note: FailureNote): void {
  (request as RequestWithNote)[NOTE] = note;
}

/** The failure that was noted; undefined when the request succeeded. */
export function findFailureNote(request: object): FailureNote | undefined {
  return (request as RequestWithNote)[NOTE];
}
