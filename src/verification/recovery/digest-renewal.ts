import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { PepperKeyring, type VersionedDigest } from '../../secrets/pepper-keyring.js';
import { decodeSecretId } from '../../secrets/secret-format.js';
import { KeyCache } from '../cache/key-cache.js';
import type { CachedSecret } from '../cache/cached-secret.js';

const INTERVAL_MS = 1_000;
const ROWS_PER_WRITE = 200;
/** What does not fit is renewed when it is next seen. */
const MOST_WAITING = 10_000;

/**
 * Moves secrets to the current pepper as they are seen: outside the requests, in batches, upward only, so that two instances
 * with different settings do not undo each other.
 */
@Injectable()
export class DigestRenewal implements OnApplicationShutdown {
  private readonly logger = new Logger(DigestRenewal.name);
  private readonly waiting = new Map<string, VersionedDigest>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;

  private readonly database: Database;

  constructor(
    database: Database,
    private readonly peppers: PepperKeyring,
    private readonly cache: KeyCache,
  ) {
    this.database = database.over('system');
  }

  /** Notes that a secret whose digest matched is of an older version. Costs nothing when it is not. */
  see(secret: string, { secretId, pepperVersion, key }: CachedSecret): void {
    if (pepperVersion === null || !this.peppers.isOutdated(pepperVersion)) {
      return;
    }
    if (this.waiting.size < MOST_WAITING && !this.waiting.has(secretId)) {
      this.waiting.set(secretId, this.peppers.digest(secret, key));
      this.schedule();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.waiting.clear();
    clearTimeout(this.timer);
    await this.writing;
  }

  /** Writes what waits. Never rejects: what cannot be written now is renewed when it is next seen. */
  write(): Promise<void> {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      this.timer = undefined;
      if (this.waiting.size > 0) {
        this.schedule();
      }
    });
    return this.writing;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.write(), INTERVAL_MS).unref();
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.size > 0) {
      const batch = [...this.waiting].slice(0, ROWS_PER_WRITE).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [secretId] of batch) {
        this.waiting.delete(secretId);
      }
      try {
        await this.writeBatch(batch);
      } catch (error) {
        this.logger.warn(
          error,
          'digests could not be moved to the current pepper; they are tried again when next seen',
        );
        return;
      }
    }
  }

  private async writeBatch(batch: readonly (readonly [string, VersionedDigest])[]): Promise<void> {
    await this.database.transaction(async ({ manager }) => {
      for (const [secretId, { digest, pepperVersion }] of batch) {
        await manager.query(
          'UPDATE api_key_secrets SET digest = ?, pepper_version = ? WHERE id = ? AND pepper_version < ?',
          [digest, pepperVersion, decodeSecretId(secretId), pepperVersion],
        );
      }
    });
    for (const [secretId] of batch) {
      this.cache.delete(secretId);
    }
  }
}
