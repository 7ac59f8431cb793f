import { AtCapacityError } from '../at-capacity-error.js';
import { UnavailableError } from '../unavailable-error.js';
import type { Admission } from './admission.js';
import type { AdmissionKey } from './admission-limits.js';
import { refusalError } from './refusal-error.js';

/**
 * Work that failed as unavailable after at least this long waited for a dependency that does not
 * answer.
 */
const SLOW_FAILURE_MS = 1_000;

/** Whose work it is, how long it may wait for its turn, and how the log names the queue. */
export interface AdmittedWork {
  readonly tenant: string;
  readonly key: AdmissionKey;
  readonly waitMs: number;
  readonly queue: string;
}

/**
 * Runs work when it is admitted. If the work fails because a dependency does not answer, everything
 * of the same tenant that is queued behind it is rejected at once: it would wait, one by one,
 * and then fail.
 * @throws TooManyRequestsError when the queue is full
 * @throws UnavailableError when the work waited too long
 */
export async function runAdmitted<T>(
  admission: Admission,
  { tenant, key, waitMs, queue }: AdmittedWork,
  work: () => Promise<T>,
): Promise<T> {
  const outcome = await admission.enter(tenant, key, { waitMs });
  if (outcome !== 'admitted') {
    throw refusalError(outcome, queue);
  }
  const startedMs = performance.now();
  try {
    return await work();
  } catch (error) {
    refuseBehind(admission, tenant, error, startedMs);
    throw error;
  } finally {
    admission.leave(tenant, key);
  }
}

/** Rejects the work queued behind work that failed slowly. */
export function refuseBehind(admission: Admission, tenant: string, error: unknown, startedMs: number): void {
  const isOutage = error instanceof UnavailableError && !(error instanceof AtCapacityError);
  if (isOutage && performance.now() - startedMs >= SLOW_FAILURE_MS) {
    admission.refuseQueued(tenant);
  }
}
