import type { Call, CallNote } from './call.js';
import type { InternalDoor } from './internal-door.js';

/** Where a call has got to, for its line in the log. */
export interface Progress {
  readonly door: InternalDoor | undefined;
  readonly call: Call;
  caller: string | null;
  note: CallNote | undefined;
}
