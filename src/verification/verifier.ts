import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { decide } from '../decision/decide.js';
import { isOfLivingKey, type Attempt, type Verdict } from '../decision/verdict.js';
import { PepperRing } from '../secrets/pepper-ring.js';
import { parseSecretId } from '../secrets/secret-form.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { BcryptRecovery } from './bcrypt-recovery.js';
import { StoredSecretQuery, type StoredSecret } from './stored-secret.query.js';

/** Answers "may this secret do this, from here, now?" for every door. */
@Injectable()
export class Verifier {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix'>,
    private readonly secrets: StoredSecretQuery,
    private readonly peppers: PepperRing,
    private readonly recovery: BcryptRecovery,
    private readonly meter: UsageMeter,
  ) {}

  /**
   * The verdict on one attempt; it counts in the metrics of a key that is alive. What has not the form of a secret costs no
   * query, and nothing but "unknown" is said before the digest has matched.
   * @throws UnavailableError when nothing can be said, because the database does not answer
   */
  async verify(secret: string, attempt: Attempt): Promise<Verdict> {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return { code: 'MALFORMED' };
    }
    const stored = await this.secrets.find(secretId);
    if (stored === null || !(await this.isGenuine(secret, stored))) {
      return { code: 'NOT_FOUND' };
    }
    const verdict = decide(stored.key, attempt, stored.nowMs);
    if (isOfLivingKey(verdict)) {
      this.meter.count(stored.key.keyId, stored.nowMs);
    }
    return verdict;
  }

  private async isGenuine(secret: string, stored: StoredSecret): Promise<boolean> {
    const { digest, pepperVersion } = stored;
    if (digest === null || pepperVersion === null || !this.peppers.knows(pepperVersion)) {
      return this.recovery.matches(secret, stored);
    }
    return this.peppers.matches(secret, stored.key, { digest, pepperVersion });
  }
}
