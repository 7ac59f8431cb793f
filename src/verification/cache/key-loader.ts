import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../../common/unavailable-error.js';
import { KeyCache } from './key-cache.js';
import { RecentChanges } from '../change-feed/recent-changes.js';
import { CachedSecretQuery } from './cached-secret.query.js';
import type { CachedSecret } from './cached-secret.js';

const QUERIES_AT_ONCE = 4;
const IDS_PER_QUERY = 250;
/** The ids of each kind that may be read at the same time. More are refused at once. */
const PLACES: Places = { cached: 2_000, unknown: 2_000 };
/**
 * Reads of one id before the caller gets a 503, because the key changes faster than it can be read.
 */
const MAX_READS = 5;

/**
 * How many ids may be read at the same time: those with a cache entry, and others. They are counted
 * separately, so that a flood of invented secrets does not displace real ones.
 */
export interface Places {
  readonly cached: number;
  readonly unknown: number;
}

/** Too many reads are under way. Says nothing about the database. */
export class BusyError extends UnavailableError {}

interface Waiting {
  readonly lane: keyof Places;
  readonly resolve: (found: CachedSecret | null) => void;
  readonly reject: (error: unknown) => void;
  reads: number;
}

/**
 * Loads key snapshots from the database. Concurrent callers of one id share one read. The ids of
 * one event-loop tick share one query, with a few queries at a time. A snapshot whose key changed
 * during the read is read again.
 */
@Injectable()
export class KeyLoader {
  private readonly underway = new Map<string, Promise<CachedSecret | null>>();
  private readonly waiting = { cached: new Map<string, Waiting>(), unknown: new Map<string, Waiting>() };
  private readonly taken = { cached: 0, unknown: 0 };
  private queries = 0;
  private scheduled = false;

  constructor(
    private readonly query: CachedSecretQuery,
    private readonly cache: KeyCache,
    private readonly changes: RecentChanges,
  ) {}

  /**
   * Loads a snapshot into the cache. Null for an unknown id.
   * @throws UnavailableError when the database does not answer, or too many reads are under way
   */
  load(secretId: string, places = PLACES): Promise<CachedSecret | null> {
    const underway = this.underway.get(secretId);
    if (underway !== undefined) {
      return underway;
    }
    const lane = this.cache.has(secretId) ? 'cached' : 'unknown';
    if (this.taken[lane] >= places[lane]) {
      return Promise.reject(new BusyError({ detail: `${places[lane]} secrets are being read already` }));
    }
    this.taken[lane]++;
    const loading = new Promise<CachedSecret | null>((resolve, reject) => {
      this.enqueue(secretId, { lane, resolve, reject, reads: 0 });
    }).finally(() => {
      this.taken[lane]--;
      this.underway.delete(secretId);
    });
    this.underway.set(secretId, loading);
    return loading;
  }

  /** Like `load`, but never shares a read that began before the call. */
  async loadFresh(secretId: string, places?: Places): Promise<CachedSecret | null> {
    await this.underway.get(secretId)?.catch(() => undefined);
    return this.load(secretId, places);
  }

  private enqueue(secretId: string, waiting: Waiting): void {
    this.waiting[waiting.lane].set(secretId, waiting);
    if (!this.scheduled) {
      this.scheduled = true;
      // The ids of one tick share a query.
      setImmediate(() => {
        this.scheduled = false;
        this.pump();
      });
    }
  }

  private pump(): void {
    const { cached, unknown } = this.waiting;
    while (this.queries < QUERIES_AT_ONCE && cached.size + unknown.size > 0) {
      const batch = new Map([...cached, ...unknown].slice(0, IDS_PER_QUERY));
      for (const [secretId, { lane }] of batch) {
        this.waiting[lane].delete(secretId);
      }
      this.queries++;
      void this.read(batch).finally(() => {
        this.queries--;
        this.pump();
      });
    }
  }

  private async read(batch: ReadonlyMap<string, Waiting>): Promise<void> {
    try {
      const found = await this.query.findAll([...batch.keys()]);
      for (const [secretId, waiting] of batch) {
        this.settle(secretId, waiting, found.get(secretId) ?? null);
      }
    } catch (error) {
      for (const { reject } of batch.values()) {
        reject(error);
      }
    }
  }

  private settle(secretId: string, waiting: Waiting, found: CachedSecret | Error | null): void {
    if (found instanceof Error) {
      this.cache.delete(secretId);
      waiting.reject(found);
      return;
    }
    if (found === null) {
      this.cache.delete(secretId);
      // Not cached: another instance may be creating the key.
      waiting.resolve(null);
      return;
    }
    if (!this.changes.isStale(found)) {
      this.cache.set(found);
      waiting.resolve(found);
      return;
    }
    if (++waiting.reads >= MAX_READS) {
      waiting.reject(new UnavailableError({ detail: `${found.key.keyId} changes faster than it can be read` }));
      return;
    }
    this.enqueue(secretId, waiting);
  }
}
