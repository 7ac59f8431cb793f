/** What the request's line in the log says of its failure. */
export interface FailureNote {
  readonly code: string;
  readonly detail: string | undefined;
}

const NOTE = Symbol('failure note');

interface RequestWithNote {
  [NOTE]?: FailureNote;
}

export function setFailureNote(request: object, note: FailureNote): void {
  (request as RequestWithNote)[NOTE] = note;
}

export function findFailureNote(request: object): FailureNote | undefined {
  return (request as RequestWithNote)[NOTE];
}
