import { Admission } from '../common/admission/admission.js';
import type { AdmissionLimits } from '../common/admission/admission-limits.js';

/**
 * The users of the pool:
 * - `verification`: reads keys that are not cached;
 * - `control`: requests of the control plane;
 * - `system`: operators and the service itself (command line, health probe, usage counts, renewed
 *   digests, pruning).
 */
export const LANES = ['verification', 'control', 'system'] as const;
export type Lane = (typeof LANES)[number];

const ONE_OF_EACH: Readonly<Record<Lane, number>> = { verification: 1, control: 1, system: 1 };

/**
 * The limits of each lane, given the number of connections. Each lane has one connection that the
 * others cannot take. The rest is first come, first served, so the control plane never holds all.
 *
 * | connections | `control` | `verification` | `system`   |
 * | ----------- | --------- | -------------- | ---------- |
 * | 1           | shared    | shared         | shared     |
 * | 2           | 1         | shares one     | shares one |
 * | 3           | 1         | 1              | 1          |
 * | n > 3       | 1 to n-2  | 1 to n-2       | 1 to n-2   |
 *
 * Where a lane has two or more connections, one organization leaves one to the others.
 *
 * One connection cannot be configured. It occurs when the server refuses more (`ConnectionPool`).
 */
export function laneLimits(connections: number): AdmissionLimits {
  const perLane = Math.max(1, connections - 2);
  return {
    running: connections,
    runningPerTenant: perLane,
    runningPerKey: Math.max(1, perLane - 1),
    // Bounded elsewhere: by the admission of requests, and by the loader of the cache.
    queuedPerTenant: Infinity,
    queuedPerKey: Infinity,
    ...(connections >= 3 && { reserved: ONE_OF_EACH }),
    ...(connections === 2 && { reserved: { control: 1 } }),
  };
}

/** The connections that a lane uses, and the users that wait for one. */
export interface LaneUse {
  readonly running: number;
  readonly queued: number;
}

/**
 * How long the lanes stay smaller than the pool after the server refused a connection.
 */
const REGROW_AFTER_MS = 5_000;

/**
 * Shares the connections of the pool between lanes, and between organizations within a lane.
 */
export class ConnectionLanes {
  private readonly admission: Admission;
  private shrunkAtMs: number | undefined;

  constructor(readonly size: number) {
    this.admission = new Admission(laneLimits(size));
  }

  useOf(lane: Lane): LaneUse {
    return this.admission.loadOf(lane);
  }

  /** Waits for a connection. False after `waitMs`. A user that got one must call `leave`. */
  async enter(lane: Lane, organizationId: string | null, waitMs: number): Promise<boolean> {
    if (this.shrunkAtMs !== undefined && performance.now() - this.shrunkAtMs > REGROW_AFTER_MS) {
      this.shrunkAtMs = undefined;
      this.admission.resize(laneLimits(this.size));
    }
    return (await this.admission.enter(lane, organizationId, { waitMs })) === 'admitted';
  }

  leave(lane: Lane, organizationId: string | null): void {
    this.admission.leave(lane, organizationId);
  }

  /** Limits the connections for a few seconds, because the server refuses more. */
  shrinkTo(connections: number): void {
    this.shrunkAtMs = performance.now();
    this.admission.resize(laneLimits(connections));
  }
}
