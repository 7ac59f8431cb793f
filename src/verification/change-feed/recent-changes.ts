import { Inject, Injectable } from '@nestjs/common';
import type { Change } from '../../change-log/change-log.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import type { KeySnapshot } from '../../decision/key-snapshot.js';

/** Longer than the deadline of any read. */
const KEPT_MS = 10_000;

/** A key that was read, and when its read began, on the monotonic clock. */
export interface Reading {
  readonly key: Pick<KeySnapshot, 'keyId' | 'organizationId'>;
  readonly readAtMs: number;
}

/**
 * The changes received in the last seconds. A read that began before one of them may have seen the
 * older state and must be repeated, so that a slow read does not restore a revoked key.
 */
@Injectable()
export class RecentChanges {
  /** When the last change was received, by key or organization id, oldest first. */
  private readonly receivedAt = new Map<string, number>();
  private everythingAt = -Infinity;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  add({ keyId, organizationId }: Change): void {
    const now = this.clock.monotonicMs();
    const subject = keyId ?? organizationId;
    this.receivedAt.delete(subject);
    this.receivedAt.set(subject, now);
    for (const [oldest, atMs] of this.receivedAt) {
      if (now - atMs <= KEPT_MS) {
        break;
      }
      this.receivedAt.delete(oldest);
    }
  }

  /** Makes every read under way stale, because anything may have changed. */
  invalidateAll(): void {
    this.everythingAt = this.clock.monotonicMs();
  }

  /** Whether a change to the key may have been received since its read began. */
  isStale({ key, readAtMs }: Reading): boolean {
    if (this.clock.monotonicMs() - readAtMs > KEPT_MS) {
      // The process was suspended, and older changes are forgotten.
      return true;
    }
    const receivedAt = Math.max(
      this.everythingAt,
      this.receivedAt.get(key.keyId) ?? -Infinity,
      this.receivedAt.get(key.organizationId) ?? -Infinity,
    );
    return receivedAt >= readAtMs;
  }
}
