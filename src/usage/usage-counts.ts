import type { ApiKeyId } from '../common/prefixed-id.js';

/** What a key was used since it was last taken. */
interface Usage {
  requests: number;
  /** Seconds since the epoch, as the database keeps them: a whole number that small lies in the object itself. */
  lastUsedAtSeconds: number;
  /** How often there was nothing to take. */
  idleRounds: number;
}

/** The uses of one key, to be added to what is stored. */
export interface KeyUsage extends Readonly<Omit<Usage, 'idleRounds'>> {
  readonly keyId: ApiKeyId;
}

/** The uses of several keys, in the order of the keys, so that two instances lock rows in one order. */
export type UsageBatch = readonly KeyUsage[];

/** How often a key may be found unused before it loses its place. */
const MOST_IDLE_ROUNDS = 10;

/**
 * Uses counted in memory, by key. A key that is used goes on having its place when its count has been taken: thousands of places that were
 * made anew each second would all outlive the moment, and make the garbage collector stop the process for longer and more often.
 */
export class UsageCounts {
  private readonly usages = new Map<ApiKeyId, Usage>();
  private used = 0;

  /** How many keys have uses that nobody has taken. */
  get size(): number {
    return this.used;
  }

  /** How many keys have a place, whether or not they have been used since they were last taken. */
  get places(): number {
    return this.usages.size;
  }

  /** Adds to what is counted for a key; of two times of use the later stays. */
  add(keyId: ApiKeyId, requests: number, lastUsedAtSeconds: number): void {
    const usage = this.usages.get(keyId);
    if (usage === undefined) {
      this.usages.set(keyId, { requests, lastUsedAtSeconds, idleRounds: 0 });
      this.used++;
      return;
    }
    if (usage.requests === 0) {
      this.used++;
    }
    usage.requests += requests;
    usage.lastUsedAtSeconds = Math.max(usage.lastUsedAtSeconds, lastUsedAtSeconds);
  }

  /** Gives back what `take` gave, which could not be used. */
  putBack(batch: UsageBatch): void {
    for (const { keyId, requests, lastUsedAtSeconds } of batch) {
      this.add(keyId, requests, lastUsedAtSeconds);
    }
  }

  /**
   * Takes what is counted, in batches of at most `most` keys: each is taken when it is asked for. Keys that come after the first has
   * been asked for may be left out; a key that has not been used for a while loses its place.
   */
  *take(most: number): Generator<UsageBatch, void, undefined> {
    let batch: KeyUsage[] = [];
    let left = this.usages.size;
    for (const [keyId, usage] of this.usages) {
      if (left-- === 0) {
        break;
      }
      if (usage.requests === 0) {
        if (++usage.idleRounds === MOST_IDLE_ROUNDS) {
          this.usages.delete(keyId);
        }
        continue;
      }
      usage.idleRounds = 0;
      batch.push({ keyId, requests: usage.requests, lastUsedAtSeconds: usage.lastUsedAtSeconds });
      usage.requests = 0;
      this.used--;
      if (batch.length === most) {
        yield batch.sort(byKeyId);
        batch = [];
      }
    }
    if (batch.length > 0) {
      yield batch.sort(byKeyId);
    }
  }
}

function byKeyId(a: KeyUsage, b: KeyUsage): number {
  return a.keyId < b.keyId ? -1 : 1;
}
