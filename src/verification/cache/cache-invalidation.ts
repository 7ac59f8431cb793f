import { Injectable } from '@nestjs/common';
import type { Change } from '../../change-log/change-log.js';
import { RecentChanges } from '../change-feed/recent-changes.js';
import { KeyCache } from './key-cache.js';

/** Makes a change known to the cache and to the reads under way, in the order that is safe. */
@Injectable()
export class CacheInvalidation {
  constructor(
    private readonly recent: RecentChanges,
    private readonly cache: KeyCache,
  ) {}

  /** Drops the entries that a change concerns. */
  apply(change: Change): void {
    // The recent changes come first, so that a read that ends in between is found to be stale.
    this.recent.add(change);
    this.cache.drop(change);
  }

  /** Drops everything, because any key may have changed. */
  applyAll(): void {
    this.recent.invalidateAll();
    this.cache.clear();
  }
}
