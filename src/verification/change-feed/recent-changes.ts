import { Inject, Injectable } from '@nestjs/common';
import type { Change } from '../../change-log/change-log.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import type { KeySnapshot } from '../../decision/key-snapshot.js';

/** Longer than any read takes: reads have deadlines of a few seconds. */
const REMEMBERED_MS = 10_000;

/** What was read of a key, and when the reading began, on the monotonic clock. */
export interface Reading {
  readonly key: Pick<KeySnapshot, 'keyId' | 'organizationId'>;
  readonly readAtMs: number;
}

/**
 * When this process heard of which change. A read that began before may have seen the state before the change: it must be read
 * again, so that no slow read brings a dead key back, or a narrowed one wide.
 */
@Injectable()
export class RecentChanges {
  /** By key or organization id, in the order of hearing. */
  private readonly heardAt = new Map<string, number>();
  private everythingAt = -Infinity;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  add({ keyId, organizationId }: Change): void {
    const now = this.clock.monotonicMs();
    const subject = keyId ?? organizationId;
    this.heardAt.delete(subject);
    this.heardAt.set(subject, now);
    for (const [oldest, atMs] of this.heardAt) {
      if (now - atMs <= REMEMBERED_MS) {
        break;
      }
      this.heardAt.delete(oldest);
    }
  }

  /** Anything may have changed: every read under way must be done again. */
  invalidateAll(): void {
    this.everythingAt = this.clock.monotonicMs();
  }

  /** Whether a change that concerns the key was, or may have been, heard of since its read began. */
  isStale({ key, readAtMs }: Reading): boolean {
    if (this.clock.monotonicMs() - readAtMs > REMEMBERED_MS) {
      // Nobody can tell any more: this process stood still.
      return true;
    }
    const heardAt = Math.max(
      this.everythingAt,
      this.heardAt.get(key.keyId) ?? -Infinity,
      this.heardAt.get(key.organizationId) ?? -Infinity,
    );
    return heardAt >= readAtMs;
  }
}
