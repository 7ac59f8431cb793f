import { OVERLAP_MS, type ChangeLogEntry, type Cursor, type FeedPage, type ReadFrom } from './change-feed-reader.js';

/**
 * Entries are kept for an hour. After half of that without a page, the feed starts over, because
 * entries may have been removed unread.
 */
const MAX_ABSENCE_MS = 30 * 60_000;

/** What a page adds to those before it. */
export interface Progress {
  /** `gap`: changes may have been missed, because the page does not continue the one before it. */
  readonly kind: 'first' | 'continued' | 'gap';
  /** The entries that no page before has brought. */
  readonly entries: readonly ChangeLogEntry[];
}

/**
 * How far the change log has been read. The last 20 s are read again each time, by time and by id,
 * because entries become visible in the order of their commits, and the clocks of database servers
 * differ. Entries that were read before are left out.
 */
export class FeedPosition {
  private lastPageMs: number | null = null;
  private epoch: string | null = null;
  private cursor: Cursor | null = null;
  /** The creation time of each entry that can be read again, by id. */
  private readonly seen = new Map<string, number>();
  /** The newest id at the polls of the last 20 s, and at one before them, oldest first. */
  private highWaterMarks: { readonly atMs: number; readonly id: string }[] = [];

  get readFrom(): ReadFrom {
    return { sinceMs: this.lastPageMs, cursor: this.cursor, aboveId: this.highWaterMarks[0]?.id ?? null };
  }

  /** @param atMs when the page was requested, on the monotonic clock */
  advance(page: FeedPage, atMs: number): Progress {
    const kind = this.kindOf(page);
    if (kind !== 'continued') {
      this.seen.clear();
      this.highWaterMarks = [];
    }
    this.epoch = page.epoch;
    this.lastPageMs = page.nowMs;
    this.cursor = page.newest;
    const entries = (page.entries ?? []).filter(({ id }) => !this.seen.has(id));
    for (const { id, createdMs } of entries) {
      this.seen.set(id, createdMs);
    }
    this.forgetSeen(page.nowMs - 2 * OVERLAP_MS);
    this.addHighWaterMark(page.newest?.id ?? '0', atMs);
    return { kind, entries };
  }

  private kindOf({ nowMs, epoch, cursorExists, entries }: FeedPage): Progress['kind'] {
    if (this.lastPageMs === null) {
      return 'first';
    }
    const sinceLastMs = nowMs - this.lastPageMs;
    // A clock that was set back by more than the overlap hides the entries written since. Half of
    // the overlap leaves room for late commits.
    const isInTime = sinceLastMs <= MAX_ABSENCE_MS && sinceLastMs > -OVERLAP_MS / 2;
    return isInTime && epoch === this.epoch && cursorExists && entries !== null ? 'continued' : 'gap';
  }

  private addHighWaterMark(id: string, atMs: number): void {
    this.highWaterMarks.push({ atMs, id });
    const second = () => this.highWaterMarks[1]?.atMs ?? Infinity;
    while (second() <= atMs - OVERLAP_MS) {
      this.highWaterMarks.shift();
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
