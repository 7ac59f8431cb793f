import { Inject, Injectable, Logger } from '@nestjs/common';
import { compare } from 'bcrypt';
import { UnavailableError } from '../../common/unavailable-error.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { SYSTEM_ACTOR } from '../../events/actor.js';
import { secretRecovered } from '../../events/event.js';
import { Events } from '../../events/events.js';
import { PepperKeyring } from '../../secrets/pepper-keyring.js';
import { decodeSecretId } from '../../secrets/secret-format.js';
import type { CachedSecret } from '../cache/cached-secret.js';

/**
 * bcrypt occupies a core for tens of milliseconds. This bounds the cores that a flood of secrets
 * can occupy.
 */
const MAX_CONCURRENT = 2;

/**
 * Accepts secrets whose digest is missing (imported keys) or was made with a lost pepper. Compares
 * each once by bcrypt and stores a digest under the current pepper. Off unless `BCRYPT_RECOVERY` is
 * on.
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
    private readonly events: Events,
  ) {
    this.database = database.over('system');
  }

  /**
   * Whether the secret matches the stored bcrypt record. If it does, its row has a new digest and
   * must be read again.
   * @throws UnavailableError when the same secret id, or two others, are being compared
   */
  async matches(secret: string, stored: CachedSecret): Promise<boolean> {
    if (!this.config.bcryptRecovery) {
      return this.withoutRecovery(stored);
    }
    const { secretId: id, secretHash } = stored;
    if (secretHash === null) {
      return false;
    }
    if (this.underway.has(id) || this.underway.size >= MAX_CONCURRENT) {
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

  /**
   * A secret without a digest, or under a removed pepper, is not valid. One under a newer pepper
   * than this instance has cannot be verified here.
   */
  private withoutRecovery({ pepperVersion, key }: CachedSecret): boolean {
    if (pepperVersion !== null && this.peppers.isAhead(pepperVersion)) {
      throw new UnavailableError({ detail: `pepper ${pepperVersion} of ${key.keyId} is not known to this instance` });
    }
    return false;
  }

  private async store(secret: string, { secretId, key, pepperVersion }: CachedSecret): Promise<void> {
    const { digest, pepperVersion: current } = this.peppers.digest(secret, key);
    const { organizationId, keyId } = key;
    await this.database.transaction(async (transaction) => {
      const { affectedRows } = await transaction.manager.query<{ affectedRows: number }>(
        'UPDATE api_key_secrets SET digest = ?, pepper_version = ? WHERE id = ? AND pepper_version <=> ?',
        [digest, current, decodeSecretId(secretId), pepperVersion],
      );
      // Zero: another instance has recovered the secret at the same time, and recorded it.
      if (affectedRows > 0) {
        const versions = { before: { pepperVersion }, after: { pepperVersion: current } };
        await this.events.record(
          transaction,
          secretRecovered({ actor: SYSTEM_ACTOR, organizationId, keyId, ...versions }),
        );
      }
    });
    this.logger.log(`a secret of ${keyId} has a new digest`);
  }
}
