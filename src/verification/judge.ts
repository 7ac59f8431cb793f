import { Inject, Injectable } from '@nestjs/common';
import { UnavailableError } from '../common/unavailable-error.js';
import { CONFIG, type Config } from '../config/config.js';
import { decide } from '../decision/decide.js';
import type { Attempt, UnknownSecret, Verdict } from '../decision/verdict.js';
import { PepperRing } from '../secrets/pepper-ring.js';
import { parseSecretId } from '../secrets/secret-form.js';
import { BcryptRecovery } from './bcrypt-recovery.js';
import { DatabaseClock } from './database-clock.js';
import { DigestRenewal } from './digest-renewal.js';
import { FactsSource } from './facts-source.js';
import type { StoredSecret, VerifiedKey } from './stored-secret.js';

const MALFORMED: UnknownSecret = { code: 'MALFORMED' };
const NOT_FOUND: UnknownSecret = { code: 'NOT_FOUND' };

/** A secret, and what its bearer wants to do. */
export interface VerifyRequest {
  readonly secret: string;
  readonly attempt: Attempt;
}

/** How a verdict may be reached. */
export interface JudgeOptions {
  /** Asks the database even if the cache knows. */
  readonly fresh?: boolean;
}

/**
 * Reaches the verdict on an attempt, and does not count it. What has not the form of a secret costs no query, and nothing but "unknown" is
 * said before the digest has matched.
 */
@Injectable()
export class Judge {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix'>,
    private readonly facts: FactsSource,
    private readonly peppers: PepperRing,
    private readonly recovery: BcryptRecovery,
    private readonly renewal: DigestRenewal,
    private readonly databaseClock: DatabaseClock,
  ) {}

  /**
   * Without waiting for anything; undefined if the database must be asked.
   * @param nowMs the moment, on the monotonic clock
   */
  now(
    { secret, attempt }: VerifyRequest,
    { fresh = false }: JudgeOptions,
    nowMs: number,
  ): Verdict<VerifiedKey> | undefined {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return MALFORMED;
    }
    const stored = fresh ? undefined : this.facts.findWarm(secretId, nowMs);
    if (stored === undefined) {
      return undefined;
    }
    if (this.hasDigest(secret, stored)) {
      return this.judge(secret, stored, attempt, this.databaseClock.msAt(nowMs));
    }
    return this.isJudgedHere(stored) ? NOT_FOUND : undefined;
  }

  /** By asking the database. @throws UnavailableError when it does not answer, or too many ask already (BusyError) */
  async later({ secret, attempt }: VerifyRequest, { fresh = false }: JudgeOptions): Promise<Verdict<VerifiedKey>> {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return MALFORMED;
    }
    const stored = await (fresh ? this.facts.readAnew(secretId) : this.facts.read(secretId));
    if (stored === null) {
      return NOT_FOUND;
    }
    if (this.hasDigest(secret, stored)) {
      return this.judge(secret, stored, attempt);
    }
    if (this.isJudgedHere(stored) || !(await this.recovery.matches(secret, stored))) {
      return NOT_FOUND;
    }
    // Recovery takes its time: what was known of the key before is too old to judge by.
    const recovered = await this.facts.readAnew(secretId);
    if (recovered === null || !this.hasDigest(secret, recovered)) {
      throw new UnavailableError({ detail: `the secret of ${stored.key.keyId} changed while it was recovered` });
    }
    return this.judge(secret, recovered, attempt);
  }

  /**
   * A verdict as of now, from what was read of the key before; undefined if that may have changed since, or nobody vouches for it any more.
   * @param sinceMs when reaching it began, or when it was last confirmed, on the monotonic clock like `nowMs`
   */
  again(
    request: VerifyRequest,
    verdict: Verdict<VerifiedKey>,
    sinceMs: number,
    nowMs: number,
  ): Verdict<VerifiedKey> | undefined {
    if (!('key' in verdict)) {
      // Unknown ids are never remembered, nor are they vouched for.
      return verdict;
    }
    return this.facts.isStillTrue({ key: verdict.key, readAtMs: sinceMs })
      ? decide(verdict.key, request.attempt, this.databaseClock.msAt(nowMs))
      : this.now(request, {}, nowMs);
  }

  private judge(
    secret: string,
    stored: StoredSecret,
    attempt: Attempt,
    databaseMs = this.databaseClock.nowMs(),
  ): Verdict<VerifiedKey> {
    this.renewal.see(secret, stored);
    return decide(stored.key, attempt, databaseMs);
  }

  private hasDigest(secret: string, { digest, pepperVersion, binding }: StoredSecret): boolean {
    return digest !== null && pepperVersion !== null && this.peppers.matches(secret, binding, digest, pepperVersion);
  }

  /** Whether there is a digest that can be judged here, so that there is nothing to recover. */
  private isJudgedHere({ digest, pepperVersion }: StoredSecret): boolean {
    return digest !== null && pepperVersion !== null && this.peppers.knows(pepperVersion);
  }
}
