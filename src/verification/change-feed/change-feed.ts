import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ChangeLog, type Change } from '../../change-log/change-log.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { DatabaseClock } from './database-clock.js';
import { KeyCache } from '../cache/key-cache.js';
import { ChangeFeedReader, OVERLAP_MS, type Cursor, type FeedPage } from './change-feed-reader.js';
import { RecentChanges } from './recent-changes.js';
import { VerificationMetrics } from '../verification-metrics.js';

const INTERVAL_MS = 250;
/** Entries are kept for an hour: whoever was away for half of that starts over. */
const LONGEST_ABSENCE_MS = 30 * 60_000;

/**
 * Hears of every change that can alter a verdict: of this process's own before their answers leave, of everybody's by polling
 * the entries in the database four times a second. Knows how long ago it last knew everything.
 */
@Injectable()
export class ChangeFeed implements OnApplicationShutdown {
  private readonly logger = new Logger(ChangeFeed.name);
  /** Up to when every change is known, on the monotonic clock: from before the last good poll was sent. Before the first: never. */
  knownAtMs = -Infinity;
  private readonly seen = new Map<string, number>();
  /** The newest entry's id at polls of the last while, oldest first: what is above the first of them is read again each time. */
  private fences: { readonly atMs: number; readonly id: string }[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private lastPageMs: number | null = null;
  private cursor: Cursor | null = null;
  private epoch: string | null = null;
  private failing = false;

  constructor(
    private readonly reader: ChangeFeedReader,
    private readonly cache: KeyCache,
    private readonly recent: RecentChanges,
    private readonly databaseClock: DatabaseClock,
    private readonly metrics: VerificationMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'freshnessBoundMs'>,
    changeLog: ChangeLog,
  ) {
    changeLog.subscribe((change) => {
      this.receive(change);
    });
    metrics.watchFeed(() => this.ageMs);
  }

  /** How old the knowledge of all changes is. */
  get ageMs(): number {
    return this.clock.monotonicMs() - this.knownAtMs;
  }

  /** Whether the cache can be shown to be within the bound. */
  get isFresh(): boolean {
    return this.ageMs <= this.config.freshnessBoundMs;
  }

  /** Polls once, and from then on four times a second. Never rejects: without the feed, reads go through. */
  async start(): Promise<void> {
    await this.poll();
    this.running ??= this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.reader.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const startedMs = this.clock.monotonicMs();
      await this.poll();
      const restMs = INTERVAL_MS - (this.clock.monotonicMs() - startedMs);
      await sleep(Math.max(0, restMs), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async poll(): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    try {
      const page = await this.reader.read(this.lastPageMs, this.cursor, this.fences[0]?.id ?? null);
      this.databaseClock.observe(page.nowMs, startedMs);
      this.take(page);
      this.moveFence(page, startedMs);
      this.knownAtMs = startedMs;
      this.failing = false;
    } catch (error) {
      if (!this.failing && !this.stopping.signal.aborted) {
        this.logger.warn(error, 'the change feed cannot be read: the cache is not used once it is too old');
      }
      this.failing = true;
    }
  }

  private take(page: FeedPage): void {
    const isFirst = this.lastPageMs === null;
    if (isFirst) {
      // Nobody can say what happened since the reads that came before it.
      this.forgetAll();
    } else if (!this.continues(page, this.lastPageMs ?? 0)) {
      this.logger.warn('the change feed does not continue what was known: the cache starts over');
      this.forgetAll();
    }
    this.epoch = page.epoch;
    this.lastPageMs = page.nowMs;
    this.cursor = page.newest;
    for (const entry of page.entries ?? []) {
      if (!this.seen.has(entry.id)) {
        this.seen.set(entry.id, entry.createdMs);
        this.receive(entry);
        if (!isFirst) {
          this.metrics.observeLag(Math.max(0, page.nowMs - entry.createdMs));
        }
      }
    }
    this.forgetSeen(page.nowMs - 2 * OVERLAP_MS);
  }

  /** Whether a page and all before it make up everything that has happened. */
  private continues(page: FeedPage, lastPageMs: number): boolean {
    const sinceLastMs = page.nowMs - lastPageMs;
    // A clock that was put back by more than the overlap hides the entries made since; half of it leaves room for late commits.
    const isGapless = sinceLastMs <= LONGEST_ABSENCE_MS && sinceLastMs > -OVERLAP_MS / 2;
    return isGapless && page.epoch === this.epoch && page.cursorHolds && page.entries !== null;
  }

  private receive(change: Change): void {
    // First this: a read that ends in between must find itself overtaken.
    this.recent.add(change);
    this.cache.drop(change);
  }

  /** Nothing that is known can be trusted: another database, one put back to an earlier state, or too long an absence. */
  private forgetAll(): void {
    this.recent.invalidateAll();
    this.cache.clear();
    this.seen.clear();
    this.fences = [];
  }

  /** Keeps one fence that is older than the overlap, and those younger. */
  private moveFence({ newest }: FeedPage, atMs: number): void {
    this.fences.push({ atMs, id: newest?.id ?? '0' });
    const second = () => this.fences[1]?.atMs ?? Infinity;
    while (second() <= atMs - OVERLAP_MS) {
      this.fences.shift();
    }
  }

  private forgetSeen(beforeMs: number): void {
    for (const [id, createdMs] of this.seen) {
      if (createdMs < beforeMs) {
        this.seen.delete(id);
      }
    }
  }
}
