import type { AdmissionLimits } from '../common/admission/admission-limits.js';

/**
 * Who uses a connection of the pool:
 * - `verification`: reads what a verification needs and the cache lacks;
 * - `control`: a request of the control plane;
 * - `system`: operators and the service itself (command line, health probe, usage counts, renewed digests, pruning).
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
 * One connection is not a configuration: that is left when the server refuses more (see `Leases`).
 */
export function laneLimits(connections: number): AdmissionLimits {
  const perLane = Math.max(1, connections - 2);
  return {
    running: connections,
    runningPerTenant: perLane,
    runningPerKey: perLane,
    // Bounded before: the admission of requests, and the loader of the cache.
    queuedPerTenant: Infinity,
    queuedPerKey: Infinity,
    ...(connections >= 3 && { reserved: ONE_OF_EACH }),
    ...(connections === 2 && { reserved: { control: 1 } }),
  };
}
