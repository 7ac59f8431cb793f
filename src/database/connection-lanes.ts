import { Admission } from '../common/admission/admission.js';
import type { AdmissionLimits } from '../common/admission/admission-limits.js';

/**
 * Who uses a connection of the pool:
 * - `verification`: reads what a verification needs and the cache lacks;
 * - `control`: a request of the control plane;
 * - `system`: operators and the service itself (command line, health probe, usage counts, renewed
 *   digests, pruning).
 */
export const LANES = ['verification', 'control', 'system'] as const;
export type Lane = (typeof LANES)[number];

const ONE_OF_EACH: Readonly<Record<Lane, number>> = { verification: 1, control: 1, system: 1 };

/**
 * How the lanes share so many connections. Each lane has one that the others cannot take, and the rest goes to the lane that asks
 * first; so the control plane never holds all, whatever it is asked.
 *
 * | connections | `control` | `verification` | `system`   |
 * | ----------- | --------- | -------------- | ---------- |
 * | 1           | shared    | shared         | shared     |
 * | 2           | 1         | shares one     | shares one |
 * | 3           | 1         | 1              | 1          |
 * | n > 3       | 1 to n-2  | 1 to n-2       | 1 to n-2   |
 *
 * Of the connections of a lane, one organization leaves one to the others, where there are two or more.
 *
 * One connection is not a configuration: that is left when the server refuses more (see `ConnectionPool`).
 */
export function laneLimits(connections: number): AdmissionLimits {
  const perLane = Math.max(1, connections - 2);
  return {
    running: connections,
    runningPerTenant: perLane,
    runningPerKey: Math.max(1, perLane - 1),
    // Bounded before: the admission of requests, and the loader of the cache.
    queuedPerTenant: Infinity,
    queuedPerKey: Infinity,
    ...(connections >= 3 && { reserved: ONE_OF_EACH }),
    ...(connections === 2 && { reserved: { control: 1 } }),
  };
}

/** How many connections a lane uses, and how many of its users wait for one. */
export interface LaneUse {
  readonly running: number;
  readonly queued: number;
}

/**
 * After the server refused a further connection, the lanes grow back to the size of the pool no
 * sooner than this.
 */
const REGROW_AFTER_MS = 5_000;

/**
 * Which uses of the database have a connection of the pool, by lane, and by organization within a
 * lane.
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

  /** Whether there was a connection before the wait was over. A user that got one must `leave`. */
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

  /** Lends no more than so many for a while: the server refuses a further one. */
  shrinkTo(connections: number): void {
    this.shrunkAtMs = performance.now();
    this.admission.resize(laneLimits(connections));
  }
}
