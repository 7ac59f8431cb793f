import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { BackgroundTasks } from '../../background/background-tasks.js';
import type { PeriodicTask } from '../../background/periodic-task.js';
import { ChangeLog } from '../../change-log/change-log.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { CacheInvalidation } from '../cache/cache-invalidation.js';
import { VerificationMetrics } from '../verification-metrics.js';
import { ChangeFeedReader, type FeedPage } from './change-feed-reader.js';
import { DatabaseClock } from './database-clock.js';
import { FeedPosition } from './feed-position.js';

const INTERVAL_MS = 250;

/**
 * Receives every change that can alter a verdict, and invalidates the cache by it: changes made by
 * this process before they are acknowledged, those of other instances by polling the change log
 * four times a second.
 */
@Injectable()
export class ChangeFeed implements OnApplicationShutdown {
  /**
   * Every change before this moment has been received: when the last successful poll was sent, on
   * the monotonic clock. `-Infinity` before the first.
   */
  knownAtMs = -Infinity;
  private readonly logger = new Logger(ChangeFeed.name);
  private readonly position = new FeedPosition();
  private readonly task: PeriodicTask;

  constructor(
    private readonly reader: ChangeFeedReader,
    private readonly invalidation: CacheInvalidation,
    private readonly databaseClock: DatabaseClock,
    private readonly metrics: VerificationMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'freshnessBoundMs'>,
    changeLog: ChangeLog,
    tasks: BackgroundTasks,
  ) {
    changeLog.subscribe((change) => {
      this.invalidation.apply(change);
    });
    metrics.watchFeed(() => this.ageMs);
    this.task = tasks.add({
      intervalMs: INTERVAL_MS,
      runsAtStart: true,
      logger: this.logger,
      failureMessage: 'the change feed cannot be read: the cache is not used once it is too old',
      run: () => this.poll(),
    });
  }

  /** Milliseconds since the moment up to which every change is known. */
  get ageMs(): number {
    return this.clock.monotonicMs() - this.knownAtMs;
  }

  /** Whether the cache is known to be within the freshness bound. */
  get isFresh(): boolean {
    return this.ageMs <= this.config.freshnessBoundMs;
  }

  /** Stops polling. Destroys the connection, so that a poll under way does not delay the stop. */
  async onApplicationShutdown(): Promise<void> {
    const stopped = this.task.stop();
    this.reader.close();
    await stopped;
  }

  /** Reads the next page. Rejects when the database does not answer in time. */
  async poll(): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    const page = await this.reader.read(this.position.readFrom);
    this.databaseClock.observe(page.nowMs, startedMs);
    this.receive(page, startedMs);
    this.knownAtMs = startedMs;
  }

  private receive(page: FeedPage, startedMs: number): void {
    const { kind, entries } = this.position.advance(page, startedMs);
    if (kind === 'gap') {
      this.logger.warn('the change feed has a gap, so changes may have been missed: the cache is emptied');
    }
    if (kind !== 'continued') {
      this.invalidation.applyAll();
    }
    for (const entry of entries) {
      this.invalidation.apply(entry);
      if (kind !== 'first') {
        this.metrics.observeLag(Math.max(0, page.nowMs - entry.createdMs));
      }
    }
  }
}
