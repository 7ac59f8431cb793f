import { Injectable } from '@nestjs/common';
import { Admission } from '../common/admission/admission.js';
import type { AdmissionLimits } from '../common/admission/admission-limits.js';

/**
 * Few run, because the database and bcrypt serve few at a time; enough that bcrypt never waits for
 * the database. A burst of 200 creates, at 30 a second, fits into the queue and its time. One key
 * cannot take all places, or the whole queue, of its organization.
 */
export const REQUEST_LIMITS: AdmissionLimits = {
  running: 24,
  runningPerTenant: 6,
  runningPerKey: 5,
  queuedPerTenant: 512,
  queuedPerKey: 256,
};

/** The concurrent requests of the control plane, by organization and key. */
@Injectable()
export class RequestAdmission extends Admission {
  constructor() {
    super(REQUEST_LIMITS);
  }
}
