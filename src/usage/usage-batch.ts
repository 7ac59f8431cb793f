import type { ApiKeyId } from '../common/prefixed-id.js';

/** What a key was used since the last flush. */
export interface Usage {
  requests: number;
  /** Seconds since the epoch, as the database keeps them: a whole number that small lies in the object itself. */
  lastUsedAtSeconds: number;
}

/** Uses counted in memory, by key. */
export class UsageBatch {
  private readonly usages = new Map<ApiKeyId, Usage>();

  /** How many keys were used. */
  get size(): number {
    return this.usages.size;
  }

  /** Adds to what is counted for a key; of two times of use the later stays. */
  add(keyId: ApiKeyId, requests: number, lastUsedAtSeconds: number): void {
    const usage = this.usages.get(keyId);
    if (usage === undefined) {
      this.usages.set(keyId, { requests, lastUsedAtSeconds });
      return;
    }
    usage.requests += requests;
    usage.lastUsedAtSeconds = Math.max(usage.lastUsedAtSeconds, lastUsedAtSeconds);
  }

  /** Takes at most `count` keys out of this batch, as a batch of their own. */
  take(count: number): UsageBatch {
    const taken = new UsageBatch();
    for (const [keyId, usage] of this.usages) {
      if (taken.size === count) {
        break;
      }
      taken.usages.set(keyId, usage);
      this.usages.delete(keyId);
    }
    return taken;
  }

  /** Adds everything that another batch holds. */
  merge(other: UsageBatch): void {
    for (const [keyId, usage] of other.usages) {
      this.add(keyId, usage.requests, usage.lastUsedAtSeconds);
    }
  }

  /** In the order of the keys, so that two instances lock rows in one order. */
  sorted(): readonly (readonly [ApiKeyId, Readonly<Usage>])[] {
    return [...this.usages].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
