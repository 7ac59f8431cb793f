import type { ServerResponse } from 'node:http';
import type { Caller } from '../common/access/caller.js';
import type { Admission } from '../common/admission/admission.js';
import type { AdmissionOutcome } from '../common/admission/admission-limits.js';

/** How long a request may wait for its turn. */
export const REQUEST_WAIT_MS = 10_000;

/** The key by which an admission bounds a caller within its organization. */
export function admissionKeyOf(caller: Caller): string {
  return caller.kind === 'key' ? caller.keyId : caller.kind;
}

/**
 * Waits until the request of a caller is admitted. A client that closes its connection leaves the
 * queue.
 */
export async function waitForTurn(
  admission: Admission,
  caller: Caller,
  response: ServerResponse,
): Promise<AdmissionOutcome> {
  const gone = new AbortController();
  const leave = () => {
    gone.abort();
  };
  if (response.closed) {
    leave();
  }
  response.once('close', leave);
  const waitOptions = { waitMs: REQUEST_WAIT_MS, signal: gone.signal };
  const outcome = await admission.enter(caller.organizationId, admissionKeyOf(caller), waitOptions);
  response.off('close', leave);
  return outcome;
}
