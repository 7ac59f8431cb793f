import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { decide } from '../decision/decide.js';
import { isOfLivingKey, type Attempt, type Verdict } from '../decision/verdict.js';
import { PepperRing } from '../secrets/pepper-ring.js';
import { parseSecretId } from '../secrets/secret-form.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { BcryptRecovery } from './bcrypt-recovery.js';
import { DatabaseClock } from './database-clock.js';
import { DigestRenewal } from './digest-renewal.js';
import { FactsSource } from './facts-source.js';
import type { StoredSecret, VerifiedKey } from './stored-secret.js';

/** What a caller may ask of one verification. */
export interface VerifyOptions {
  /** Asks the database even if the cache knows. */
  readonly fresh?: boolean;
}

/** Answers "may this secret do this, from here, now?" for every door. */
@Injectable()
export class Verifier {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix'>,
    private readonly facts: FactsSource,
    private readonly peppers: PepperRing,
    private readonly recovery: BcryptRecovery,
    private readonly renewal: DigestRenewal,
    private readonly databaseClock: DatabaseClock,
    private readonly meter: UsageMeter,
  ) {}

  /**
   * The verdict on one attempt; it counts in the metrics of a key that is alive. What has not the form of a secret costs no
   * query, and nothing but "unknown" is said before the digest has matched.
   * @throws UnavailableError when nothing can be said, because the database does not answer
   */
  async verify(secret: string, attempt: Attempt, options: VerifyOptions = {}): Promise<Verdict<VerifiedKey>> {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return { code: 'MALFORMED' };
    }
    const warm = options.fresh === true ? undefined : this.facts.findWarm(secretId);
    const stored = warm ?? (await this.facts.read(secretId));
    if (stored === null || !(this.hasDigest(secret, stored) || (await this.isRecovered(secret, stored)))) {
      return { code: 'NOT_FOUND' };
    }
    const nowMs = this.databaseClock.nowMs();
    const verdict = decide(stored.key, attempt, nowMs);
    if (isOfLivingKey(verdict)) {
      this.meter.count(stored.key.keyId, nowMs);
      this.renewal.see(secret, stored);
    }
    return verdict;
  }

  private hasDigest(secret: string, { digest, pepperVersion, key }: StoredSecret): boolean {
    return digest !== null && pepperVersion !== null && this.peppers.matches(secret, key, { digest, pepperVersion });
  }

  /** Whether a secret whose digest cannot be judged here is the one that was stored. */
  private async isRecovered(secret: string, stored: StoredSecret): Promise<boolean> {
    const { digest, pepperVersion, secretId } = stored;
    if (digest !== null && pepperVersion !== null && this.peppers.knows(pepperVersion)) {
      return false;
    }
    const matches = await this.recovery.matches(secret, stored);
    if (matches) {
      this.facts.forget(secretId);
    }
    return matches;
  }
}
