import type {
  AdmissionKey,
  AdmissionLimits,
  AdmissionOutcome,
  WaitOptions,
  RefusalReason,
} from './admission-limits.js';
import { moveToEnd, TenantWork, type Waiting } from './tenant-work.js';

/**
 * A bounded semaphore that is fair between tenants, and between the keys of a tenant: a place that
 * becomes free goes to the tenants with queued work in rotation, so the length of one queue delays
 * no other. A tenant is a user that must not starve the others: an organization, or a lane of the
 * connection pool.
 *
 * Invariant: no queued request could run now. So a request that finds room runs at once, and
 * overtakes none that could.
 */
export class Admission {
  /** Kept while they run or queue something. */
  private readonly tenants = new Map<string, TenantWork>();
  /** The tenants with a queue; the one that is served next comes first. */
  private readonly rotation = new Map<string, TenantWork>();
  private readonly counts: Record<RefusalReason, number> = { 'queue-full': 0, timeout: 0, unavailable: 0 };
  private runningNow = 0;
  private queuedNow = 0;

  constructor(private limits: AdmissionLimits) {}

  get running(): number {
    return this.runningNow;
  }

  get queued(): number {
    return this.queuedNow;
  }

  /** How many requests were not admitted so far, by reason. */
  get refused(): Readonly<Record<RefusalReason, number>> {
    return this.counts;
  }

  /** How many requests of one tenant run and wait. */
  loadOf(tenant: string): { readonly running: number; readonly queued: number } {
    const { running, queued } = this.tenants.get(tenant) ?? { running: 0, queued: 0 };
    return { running, queued };
  }

  /** Admits a request if it can run at once. A request that was admitted must `leave`. */
  tryEnter(tenant: string, key: AdmissionKey): boolean {
    const work = this.tenants.get(tenant);
    const { runningPerKey } = this.limits;
    const canRun = this.hasRoomFor(tenant, work) && (key === null || (work?.runningOf(key) ?? 0) < runningPerKey);
    if (canRun) {
      this.begin(tenant, key);
    }
    return canRun;
  }

  /** Admits a request, now or when its turn comes. A request that was admitted must `leave`. */
  async enter(tenant: string, key: AdmissionKey, waitOptions: WaitOptions): Promise<AdmissionOutcome> {
    if (this.tryEnter(tenant, key)) {
      return 'admitted';
    }
    if (waitOptions.signal?.aborted === true) {
      return 'aborted';
    }
    const outcome = this.makeQueueFor(tenant, key) ? await this.wait(tenant, key, waitOptions) : 'queue-full';
    if (outcome !== 'admitted' && outcome !== 'aborted') {
      this.counts[outcome]++;
    }
    return outcome;
  }

  /** Ends a request that was admitted, and lets the next one in. */
  leave(tenant: string, key: AdmissionKey): void {
    const work = this.workOf(tenant);
    work.end(key);
    this.runningNow--;
    this.forgetIdle(tenant, work);
    this.dispatch();
  }

  /** Refuses everything of a tenant that waits, because what it waits for is known to fail. */
  refuseQueued(tenant: string): void {
    for (const { settle } of this.tenants.get(tenant)?.allWaiting() ?? []) {
      settle('unavailable');
    }
  }

  /** Changes the limits. Running work continues, even beyond the new limits. */
  resize(limits: AdmissionLimits): void {
    this.limits = limits;
    this.dispatch();
  }

  private wait(tenant: string, key: AdmissionKey, { waitMs, signal }: WaitOptions): Promise<AdmissionOutcome> {
    return new Promise((resolve) => {
      const settle = (outcome: AdmissionOutcome) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.dequeue(tenant, key, waiting);
        resolve(outcome);
      };
      const waiting: Waiting = { settle };
      const timer = setTimeout(settle, waitMs, 'timeout');
      const abort = () => {
        settle('aborted');
      };
      signal?.addEventListener('abort', abort);
      const work = this.workOf(tenant);
      work.enqueue(key, waiting);
      this.queuedNow++;
      // A tenant that is in the rotation already keeps its place.
      this.rotation.set(tenant, work);
    });
  }

  private dequeue(tenant: string, key: AdmissionKey, waiting: Waiting): void {
    const work = this.workOf(tenant);
    work.dequeue(key, waiting);
    this.queuedNow--;
    if (work.queued === 0) {
      this.rotation.delete(tenant);
    }
    this.forgetIdle(tenant, work);
  }

  /** Admits the queued work that can run. */
  private dispatch(): void {
    for (let next = this.findNext(); next !== undefined; next = this.findNext()) {
      const { tenant, work, key, waiting } = next;
      this.begin(tenant, key);
      moveToEnd(this.rotation, tenant);
      work.rotate(key);
      waiting.settle('admitted');
    }
  }

  private findNext() {
    for (const [tenant, work] of this.runningNow < this.limits.running ? this.rotation : []) {
      const next = this.hasRoomFor(tenant, work) ? work.findNext(this.limits.runningPerKey) : undefined;
      if (next !== undefined) {
        return { tenant, work, ...next };
      }
    }
    return undefined;
  }

  private hasRoomFor(tenant: string, work: TenantWork | undefined): boolean {
    const { running, runningPerTenant, reserved } = this.limits;
    if (this.runningNow >= running || (work?.running ?? 0) >= runningPerTenant) {
      return false;
    }
    return reserved === undefined || running - this.runningNow > this.reservedForOthers(tenant, reserved);
  }

  /** How many places the other tenants may still claim. */
  private reservedForOthers(tenant: string, reserved: Readonly<Record<string, number>>): number {
    let places = 0;
    for (const other in reserved) {
      if (other !== tenant) {
        places += Math.max(0, (reserved[other] ?? 0) - this.loadOf(other).running);
      }
    }
    return places;
  }

  /**
   * Whether the request can be queued. If its tenant's queue is full, the newest request of the
   * key with the longest queue is dropped for a key that has fewer: two keys must not lock out a
   * third, which may be needed to delete a leaked one.
   */
  private makeQueueFor(tenant: string, key: AdmissionKey): boolean {
    if (this.hasQueueFor(tenant, key)) {
      return true;
    }
    this.tenants.get(tenant)?.newestOfLongestQueue(key)?.settle('queue-full');
    return this.hasQueueFor(tenant, key);
  }

  private hasQueueFor(tenant: string, key: AdmissionKey): boolean {
    const work = this.tenants.get(tenant);
    const { queuedPerTenant, queuedPerKey } = this.limits;
    return (work?.queued ?? 0) < queuedPerTenant && (key === null || (work?.queuedOf(key) ?? 0) < queuedPerKey);
  }

  private begin(tenant: string, key: AdmissionKey): void {
    this.workOf(tenant).begin(key);
    this.runningNow++;
  }

  private workOf(tenant: string): TenantWork {
    const known = this.tenants.get(tenant);
    if (known !== undefined) {
      return known;
    }
    const work = new TenantWork();
    this.tenants.set(tenant, work);
    return work;
  }

  private forgetIdle(tenant: string, work: TenantWork): void {
    if (work.isIdle) {
      this.tenants.delete(tenant);
    }
  }
}
