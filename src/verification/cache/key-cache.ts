import { getHeapStatistics } from 'node:v8';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Change } from '../../change-log/change-log.js';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { CONFIG, type Config } from '../../config/config.js';
import { cacheBytes } from './cache-limit.js';
import { isSameSnapshot, type CachedSecret } from './cached-secret.js';
import { sizeOf } from './cached-secret-size.js';

/**
 * An LRU cache of key snapshots by secret id, bounded by number and by bytes. It holds what the
 * database says about a secret, never a verdict, and no unknown id.
 */
@Injectable()
export class KeyCache {
  private readonly entries: LRUCache<string, CachedSecret>;
  /** Changes name keys, and a key can have two secrets. */
  private readonly secretIdsOf = new Map<ApiKeyId, string | string[]>();

  constructor(@Inject(CONFIG) config: Pick<Config, 'cacheMaxKeys' | 'cacheMaxBytes'>) {
    this.entries = new LRUCache({
      max: config.cacheMaxKeys,
      maxSize: boundByHeap(config.cacheMaxBytes),
      sizeCalculation: sizeOf,
      dispose: (entry, secretId) => {
        this.forgetKeyOf(entry, secretId);
      },
    });
  }

  get size(): number {
    return this.entries.size;
  }

  /** The estimated size of all entries, in bytes. */
  get bytes(): number {
    return this.entries.calculatedSize;
  }

  get(secretId: string): CachedSecret | undefined {
    return this.entries.get(secretId);
  }

  /** Whether there is an entry, whatever its age. Does not count as a use. */
  has(secretId: string): boolean {
    return this.entries.has(secretId);
  }

  /**
   * Stores a snapshot. Keeps the existing object when nothing changed: every used key is read again
   * each minute, and replacing them all would fill the old generation with garbage.
   */
  set(entry: CachedSecret): void {
    const {
      secretId,
      key: { keyId },
    } = entry;
    const known = this.entries.peek(secretId);
    if (known !== undefined && isSameSnapshot(known, entry)) {
      known.readAtMs = entry.readAtMs;
      return;
    }
    // Deleted first, because the row may have moved to another key since.
    this.entries.delete(secretId);
    this.entries.set(secretId, entry);
    if (this.entries.has(secretId)) {
      const others = this.secretIdsOf.get(keyId);
      this.secretIdsOf.set(keyId, others === undefined ? secretId : [others, secretId].flat());
    }
  }

  delete(secretId: string): void {
    this.entries.delete(secretId);
  }

  /** Deletes every entry that a change concerns. */
  drop(change: Change): void {
    if (change.keyId !== undefined) {
      for (const secretId of [this.secretIdsOf.get(change.keyId) ?? []].flat()) {
        this.entries.delete(secretId);
      }
      return;
    }
    const dropped: string[] = [];
    for (const [secretId, { key }] of this.entries) {
      if (key.organizationId === change.organizationId) {
        dropped.push(secretId);
      }
    }
    for (const secretId of dropped) {
      this.entries.delete(secretId);
    }
  }

  clear(): void {
    this.entries.clear();
  }

  private forgetKeyOf({ key: { keyId } }: CachedSecret, secretId: string): void {
    const others = [this.secretIdsOf.get(keyId) ?? []].flat().filter((other) => other !== secretId);
    const [first] = others;
    if (first === undefined) {
      this.secretIdsOf.delete(keyId);
    } else {
      this.secretIdsOf.set(keyId, others.length === 1 ? first : others);
    }
  }
}

/** The bound in bytes: the configured one, or a share of the heap limit if that is less. */
function boundByHeap(configured: number): number {
  const heapLimit = getHeapStatistics().heap_size_limit;
  const bytes = cacheBytes(configured, heapLimit);
  if (bytes < configured) {
    new Logger(KeyCache.name).warn(
      `CACHE_MAX_BYTES is ${configured}, but the cache takes at most ${bytes} bytes, a quarter of this process's heap limit (${heapLimit}). Raise the limit with NODE_OPTIONS=--max-old-space-size=<MB>, or lower CACHE_MAX_BYTES.`,
    );
  }
  return bytes;
}
