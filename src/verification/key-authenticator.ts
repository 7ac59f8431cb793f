import { Inject, Injectable } from '@nestjs/common';
import { UnavailableError } from '../common/unavailable-error.js';
import { CONFIG, type Config } from '../config/config.js';
import { decide } from '../decision/decide.js';
import type { Attempt, UnknownSecret, Verdict } from '../decision/verdict.js';
import { PepperKeyring } from '../secrets/pepper-keyring.js';
import { parseSecretId } from '../secrets/secret-format.js';
import { BcryptRecovery } from './recovery/bcrypt-recovery.js';
import { DatabaseClock } from './change-feed/database-clock.js';
import { DigestRenewal } from './recovery/digest-renewal.js';
import { KeySource } from './cache/key-source.js';
import type { CachedSecret, VerifiedKey } from './cache/cached-secret.js';

const MALFORMED: UnknownSecret = { code: 'MALFORMED' };
const NOT_FOUND: UnknownSecret = { code: 'NOT_FOUND' };

/** A secret, and the attempt to use it. */
export interface VerifyRequest {
  readonly secret: string;
  readonly attempt: Attempt;
}

/** Options of one verification. */
export interface AuthenticateOptions {
  /** Reads from the database even if the cache has an entry. */
  readonly fresh?: boolean;
}

/**
 * Decides about an attempt, without counting it. A malformed secret costs no query. A reason other
 * than "unknown" is given only after the digest has matched.
 */
@Injectable()
export class KeyAuthenticator {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix'>,
    private readonly keys: KeySource,
    private readonly peppers: PepperKeyring,
    private readonly recovery: BcryptRecovery,
    private readonly renewal: DigestRenewal,
    private readonly databaseClock: DatabaseClock,
  ) {}

  /**
   * Decides without waiting. Undefined if the database must be asked.
   * @param nowMs the current time on the monotonic clock
   */
  fromCache(
    { secret, attempt }: VerifyRequest,
    { fresh = false }: AuthenticateOptions,
    nowMs: number,
  ): Verdict<VerifiedKey> | undefined {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return MALFORMED;
    }
    const stored = fresh ? undefined : this.keys.findWarm(secretId, nowMs);
    if (stored === undefined) {
      return undefined;
    }
    if (this.hasDigest(secret, stored)) {
      return this.verdictOn(secret, stored, attempt, this.databaseClock.msAt(nowMs));
    }
    return this.canVerifyHere(stored) ? NOT_FOUND : undefined;
  }

  /**
   * Decides by reading from the database.
   * @throws UnavailableError when it does not answer; BusyError when too many reads are under way
   */
  async fromDatabase(
    { secret, attempt }: VerifyRequest,
    { fresh = false }: AuthenticateOptions,
  ): Promise<Verdict<VerifiedKey>> {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return MALFORMED;
    }
    const stored = await (fresh ? this.keys.readFresh(secretId) : this.keys.read(secretId));
    if (stored === null) {
      return NOT_FOUND;
    }
    if (this.hasDigest(secret, stored)) {
      return this.verdictOn(secret, stored, attempt);
    }
    if (this.canVerifyHere(stored) || !(await this.recovery.matches(secret, stored))) {
      return NOT_FOUND;
    }
    // Recovery takes a while, so the key is read again before the decision.
    const recovered = await this.keys.readFresh(secretId);
    if (recovered === null || !this.hasDigest(secret, recovered)) {
      throw new UnavailableError({ detail: `the secret of ${stored.key.keyId} changed while it was recovered` });
    }
    return this.verdictOn(secret, recovered, attempt);
  }

  /**
   * Renews an earlier verdict. Undefined if the key may have changed since.
   * @param sinceMs when the verdict was begun or last renewed, on the monotonic clock like `nowMs`
   */
  revalidate(
    request: VerifyRequest,
    verdict: Verdict<VerifiedKey>,
    sinceMs: number,
    nowMs: number,
  ): Verdict<VerifiedKey> | undefined {
    if (!('key' in verdict)) {
      // Unknown ids are not cached, so there is nothing to compare with.
      return verdict;
    }
    return this.keys.isStillTrue({ key: verdict.key, readAtMs: sinceMs })
      ? decide(verdict.key, request.attempt, this.databaseClock.msAt(nowMs))
      : this.fromCache(request, {}, nowMs);
  }

  private verdictOn(
    secret: string,
    stored: CachedSecret,
    attempt: Attempt,
    databaseMs = this.databaseClock.nowMs(),
  ): Verdict<VerifiedKey> {
    this.renewal.renewIfOutdated(secret, stored);
    return decide(stored.key, attempt, databaseMs);
  }

  private hasDigest(secret: string, { digest, pepperVersion, binding }: CachedSecret): boolean {
    return digest !== null && pepperVersion !== null && this.peppers.matches(secret, binding, digest, pepperVersion);
  }

  /** Whether this instance has the pepper of the digest, so that there is nothing to recover. */
  private canVerifyHere({ digest, pepperVersion }: CachedSecret): boolean {
    return digest !== null && pepperVersion !== null && this.peppers.knows(pepperVersion);
  }
}
