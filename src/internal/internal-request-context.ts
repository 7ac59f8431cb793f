import type { Call, LogFields } from './internal-request.js';
import type { InternalEndpoint } from './internal-endpoint.js';

/** Where a call has got to, for its line in the log. */
export interface Progress {
  readonly endpoint: InternalEndpoint | undefined;
  readonly call: Call;
  caller: string | null;
  note: LogFields | undefined;
}
