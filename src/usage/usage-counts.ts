import type { ApiKeyId } from '../common/prefixed-id.js';

/** The uses of a key since its count was last taken. */
interface Usage {
  requests: number;
  /**
   * Seconds since the epoch, as the database keeps them: a whole number that small lies in the
   * object itself.
   */
  lastUsedAtSeconds: number;
  /** How many times in a row there was nothing to take. */
  idleRounds: number;
}

/** The uses of one key, to add to the stored ones. */
export interface KeyUsage extends Readonly<Omit<Usage, 'idleRounds'>> {
  readonly keyId: ApiKeyId;
}

/**
 * The uses of several keys, in the order of the keys, so that two instances lock rows in one order.
 */
export type UsageBatch = readonly KeyUsage[];

/** After so many takes without a use a key loses its place. */
const MAX_IDLE_ROUNDS = 10;

/**
 * Counts uses in memory, by key. A key keeps its place after its count was taken: thousands of new
 * places each second would survive the young generation and lengthen the pauses of the collector.
 */
export class UsageCounts {
  private readonly usages = new Map<ApiKeyId, Usage>();
  private used = 0;

  /** How many keys have uses that were not taken. */
  get size(): number {
    return this.used;
  }

  /** How many keys have a place, with or without uses to take. */
  get places(): number {
    return this.usages.size;
  }

  /** Adds to the count of a key; the later time of use stays. */
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

  /** Returns a batch of `take` that could not be written. */
  putBack(batch: UsageBatch): void {
    for (const { keyId, requests, lastUsedAtSeconds } of batch) {
      this.add(keyId, requests, lastUsedAtSeconds);
    }
  }

  /**
   * Takes the counts, in batches of at most `most` keys, each at the moment it is requested. Keys
   * that are added after the first request may be left out. A key without recent uses loses its
   * place.
   */
  *take(most: number): Generator<UsageBatch, void, undefined> {
    let batch: KeyUsage[] = [];
    let left = this.usages.size;
    for (const [keyId, usage] of this.usages) {
      if (left-- === 0) {
        break;
      }
      if (usage.requests === 0) {
        if (++usage.idleRounds === MAX_IDLE_ROUNDS) {
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
