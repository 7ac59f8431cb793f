import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/access/caller.js';
import { Admission } from '../common/admission/admission.js';
import type { AdmissionLimits, AdmissionOutcome } from '../common/admission/admission-limits.js';
import { admissionKeyOf, waitForTurn } from './wait-for-turn.js';

/**
 * A page is up to 1 MB, so clients that do not read hold up to 8 MB per organization, and 128 MB in
 * total.
 */
const LIST_LIMITS: AdmissionLimits = {
  running: 128,
  runningPerTenant: 8,
  runningPerKey: 4,
  queuedPerTenant: 512,
  queuedPerKey: 256,
};

/**
 * Two pages at a time, and one per organization, because building a page takes up to 15 ms of the
 * event loop, and verifications wait for it.
 */
const PAGE_LIMITS: AdmissionLimits = {
  running: 2,
  runningPerTenant: 1,
  runningPerKey: 1,
  queuedPerTenant: 512,
  queuedPerKey: 256,
};

/** The time limit of a list. A page of 1 MB arrives within it at 17 KB/s. */
const MAX_LIST_MS = 60_000;

/** The concurrent lists, from the request until the client has read the response. */
@Injectable()
export class ListAdmission extends Admission {
  constructor() {
    super(LIST_LIMITS);
  }

  /** Admits a list, now or in its turn, until its response is sent or its connection is closed. */
  async admit(caller: Caller, response: ServerResponse): Promise<AdmissionOutcome> {
    const outcome = await waitForTurn(this, caller, response);
    if (outcome !== 'admitted') {
      return outcome;
    }
    const leave = () => {
      this.leave(caller.organizationId, admissionKeyOf(caller));
    };
    if (response.closed) {
      leave();
      return 'aborted';
    }
    const tooSlow = setTimeout(() => response.destroy(), MAX_LIST_MS).unref();
    response.once('close', () => {
      clearTimeout(tooSlow);
      leave();
    });
    return 'admitted';
  }
}

/** The pages that are being read from the database and built. */
@Injectable()
export class PageAdmission extends Admission {
  constructor() {
    super(PAGE_LIMITS);
  }
}
