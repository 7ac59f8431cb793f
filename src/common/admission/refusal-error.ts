import type { DomainError } from '../domain-error.js';
import { AtCapacityError } from '../at-capacity-error.js';
import { ClientGoneError } from '../client-gone-error.js';
import { TooManyRequestsError } from '../too-many-requests-error.js';
import { UnavailableError } from '../unavailable-error.js';
import type { AdmissionOutcome } from './admission-limits.js';

/**
 * The error of a request that was not admitted.
 * @param what names the queue in the log
 */
export function refusalError(reason: Exclude<AdmissionOutcome, 'admitted'>, what: string): DomainError {
  switch (reason) {
    case 'queue-full':
      return new TooManyRequestsError({ detail: `the queue for ${what} is full` });
    case 'timeout':
      return new AtCapacityError({ detail: `waited too long for ${what}` });
    case 'aborted':
      return new ClientGoneError();
    case 'unavailable':
      return new UnavailableError({ detail: `a request of the same organization failed for ${what}` });
  }
}
