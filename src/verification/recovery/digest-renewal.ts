import { Injectable, Logger } from '@nestjs/common';
import { BackgroundTasks } from '../../background/background-tasks.js';
import { Database } from '../../database/database.js';
import { PepperKeyring, type VersionedDigest } from '../../secrets/pepper-keyring.js';
import { decodeSecretId } from '../../secrets/secret-format.js';
import { KeyCache } from '../cache/key-cache.js';
import type { CachedSecret } from '../cache/cached-secret.js';

const INTERVAL_MS = 1_000;
const ROWS_PER_WRITE = 200;
/** A secret beyond this number is renewed at a later use. */
const MAX_WAITING = 10_000;

/**
 * Moves the digests of secrets to the current pepper when the secrets are used. Writes in the
 * background, in batches, and only to a higher version, so that two instances with different
 * settings do not undo each other's work.
 */
@Injectable()
export class DigestRenewal {
  private readonly logger = new Logger(DigestRenewal.name);
  private readonly waiting = new Map<string, VersionedDigest>();
  private readonly database: Database;

  constructor(
    database: Database,
    private readonly peppers: PepperKeyring,
    private readonly cache: KeyCache,
    tasks: BackgroundTasks,
  ) {
    this.database = database.over('system');
    tasks.add({
      intervalMs: INTERVAL_MS,
      logger: this.logger,
      failureMessage: 'digests could not be moved to the current pepper; a later use of their secrets repeats it',
      run: (signal) => this.write(signal),
    });
  }

  /**
   * Queues a secret whose digest matched under an older pepper. Does nothing under the current one.
   */
  renewIfOutdated(secret: string, { secretId, pepperVersion, key }: CachedSecret): void {
    if (pepperVersion === null || !this.peppers.isOutdated(pepperVersion)) {
      return;
    }
    if (this.waiting.size < MAX_WAITING && !this.waiting.has(secretId)) {
      this.waiting.set(secretId, this.peppers.digest(secret, key));
    }
  }

  private async write(signal: AbortSignal): Promise<void> {
    while (this.waiting.size > 0 && !signal.aborted) {
      const batch = [...this.waiting].slice(0, ROWS_PER_WRITE).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [secretId] of batch) {
        this.waiting.delete(secretId);
      }
      await this.writeBatch(batch);
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
