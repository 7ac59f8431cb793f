import { Inject, Injectable, Logger } from '@nestjs/common';
import { compare } from 'bcrypt';
import { ChangeLog } from '../../change-log/change-log.js';
import { UnavailableError } from '../../common/unavailable-error.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { PepperKeyring } from '../../secrets/pepper-keyring.js';
import { decodeSecretId } from '../../secrets/secret-format.js';
import type { CachedSecret } from '../cache/cached-secret.js';

/** bcrypt takes tens of milliseconds of a core: no flood of secrets may occupy more than this many. */
const AT_ONCE = 2;

/**
 * The way back for secrets without a digest that can be judged: imported ones, and those whose pepper is lost. Each is checked
 * by bcrypt once and given a digest under the current pepper. Off unless `BCRYPT_RECOVERY` says otherwise.
 */
@Injectable()
export class BcryptRecovery {
  private readonly logger = new Logger(BcryptRecovery.name);
  private readonly underway = new Set<string>();
  private readonly database: Database;

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'bcryptRecovery'>,
    private readonly peppers: PepperKeyring,
    database: Database,
    private readonly changeLog: ChangeLog,
  ) {
    this.database = database.over('system');
  }

  /**
   * Whether the secret is the one that was stored, by its bcrypt record. If so, its row has changed, and is to be read again.
   * @throws UnavailableError when the same secret id, or two others, are being checked
   */
  async matches(secret: string, stored: CachedSecret): Promise<boolean> {
    if (!this.config.bcryptRecovery) {
      return this.withoutRecovery(stored);
    }
    const { secretId: id, secretHash } = stored;
    if (secretHash === null) {
      return false;
    }
    if (this.underway.has(id) || this.underway.size >= AT_ONCE) {
      throw new UnavailableError({ detail: 'bcrypt recovery is busy' });
    }
    this.underway.add(id);
    try {
      const matches = await compare(secret, secretHash);
      if (matches) {
        await this.store(secret, stored);
      }
      return matches;
    } finally {
      this.underway.delete(id);
    }
  }

  /** Without a digest, or under a pepper that was retired for good, a secret is not valid; under a newer one it cannot be judged. */
  private withoutRecovery({ pepperVersion, key }: CachedSecret): boolean {
    if (pepperVersion !== null && this.peppers.isAhead(pepperVersion)) {
      throw new UnavailableError({ detail: `pepper ${pepperVersion} of ${key.keyId} is not known to this instance` });
    }
    return false;
  }

  private async store(secret: string, { secretId, key, pepperVersion }: CachedSecret): Promise<void> {
    const { digest, pepperVersion: current } = this.peppers.digest(secret, key);
    await this.database.transaction(async (transaction) => {
      await transaction.manager.query(
        'UPDATE api_key_secrets SET digest = ?, pepper_version = ? WHERE id = ? AND pepper_version <=> ?',
        [digest, current, decodeSecretId(secretId), pepperVersion],
      );
      // An instance without recovery may know the row as one that never verifies.
      this.changeLog.record(transaction, { organizationId: key.organizationId, keyId: key.keyId });
    });
    this.logger.log(`the digest of a secret of ${key.keyId} was made anew`);
  }
}
