import type { AdmissionKey, AdmissionOutcome } from './admission-limits.js';

/** A request in a queue. */
export interface Waiting {
  /** Takes it out of the queue and tells it why. */
  readonly settle: (outcome: AdmissionOutcome) => void;
}

/** The work of one key. */
class KeyWork {
  running = 0;
  /** In the order of arrival. */
  readonly queue = new Set<Waiting>();
}

/** What one tenant runs and queues, by key. A key is kept while it runs or waits. */
export class TenantWork {
  running = 0;
  queued = 0;
  private readonly keys = new Map<AdmissionKey, KeyWork>();
  /** The keys with a queue; the one that is served next comes first. */
  private readonly rotation = new Map<AdmissionKey, KeyWork>();

  get isIdle(): boolean {
    return this.keys.size === 0;
  }

  runningOf(key: AdmissionKey): number {
    return this.keys.get(key)?.running ?? 0;
  }

  queuedOf(key: AdmissionKey): number {
    return this.keys.get(key)?.queue.size ?? 0;
  }

  begin(key: AdmissionKey): void {
    this.running++;
    this.workOf(key).running++;
  }

  end(key: AdmissionKey): void {
    if (this.runningOf(key) === 0) {
      throw new Error('a request left that was not admitted');
    }
    const work = this.workOf(key);
    this.running--;
    work.running--;
    this.forgetIdle(key, work);
  }

  enqueue(key: AdmissionKey, waiting: Waiting): void {
    const work = this.workOf(key);
    work.queue.add(waiting);
    this.queued++;
    // A key that is in the rotation already keeps its place.
    this.rotation.set(key, work);
  }

  dequeue(key: AdmissionKey, waiting: Waiting): void {
    const work = this.workOf(key);
    work.queue.delete(waiting);
    this.queued--;
    if (work.queue.size === 0) {
      this.rotation.delete(key);
    }
    this.forgetIdle(key, work);
  }

  /** The next request in rotation whose key runs fewer than `runningPerKey`. */
  findNext(runningPerKey: number): { readonly key: AdmissionKey; readonly waiting: Waiting } | undefined {
    for (const [key, { running, queue }] of this.rotation) {
      const [waiting] = queue;
      if (waiting !== undefined && (key === null || running < runningPerKey)) {
        return { key, waiting };
      }
    }
    return undefined;
  }

  /** Moves the key to the end of the rotation. */
  rotate(key: AdmissionKey): void {
    moveToEnd(this.rotation, key);
  }

  /**
   * The newest request of the key with the longest queue, if that is longer than this key's queue
   * would become.
   */
  newestOfLongestQueue(key: AdmissionKey): Waiting | undefined {
    let longest: ReadonlySet<Waiting> = new Set();
    for (const { queue } of this.rotation.values()) {
      longest = queue.size > longest.size ? queue : longest;
    }
    return key !== null && longest.size > this.queuedOf(key) + 1 ? [...longest].at(-1) : undefined;
  }

  /** Every request that waits. */
  allWaiting(): Waiting[] {
    return [...this.rotation.values()].flatMap(({ queue }) => [...queue]);
  }

  private workOf(key: AdmissionKey): KeyWork {
    const known = this.keys.get(key);
    if (known !== undefined) {
      return known;
    }
    const work = new KeyWork();
    this.keys.set(key, work);
    return work;
  }

  private forgetIdle(key: AdmissionKey, { running, queue }: KeyWork): void {
    if (running === 0 && queue.size === 0) {
      this.keys.delete(key);
    }
  }
}

/** Makes an entry the last one in the order of iteration; does nothing if it is not there. */
export function moveToEnd<K, V>(map: Map<K, V>, key: K): void {
  const value = map.get(key);
  if (value !== undefined) {
    map.delete(key);
    map.set(key, value);
  }
}
