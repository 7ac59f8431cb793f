import { Inject, Injectable } from '@nestjs/common';
import type { Soon } from '../common/soon.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { CONFIG, type Config } from '../config/config.js';
import { decide } from '../decision/decide.js';
import { isOfLivingKey, type Attempt, type UnknownSecret, type Verdict } from '../decision/verdict.js';
import { PepperRing } from '../secrets/pepper-ring.js';
import { parseSecretId } from '../secrets/secret-form.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { BcryptRecovery } from './bcrypt-recovery.js';
import { DatabaseClock } from './database-clock.js';
import { DigestRenewal } from './digest-renewal.js';
import { BusyError } from './facts-loader.js';
import { FactsSource } from './facts-source.js';
import type { Door } from './door.js';
import type { StoredSecret, VerifiedKey } from './stored-secret.js';
import { VerificationMetrics } from './verification-metrics.js';

const MALFORMED: UnknownSecret = { code: 'MALFORMED' };
const NOT_FOUND: UnknownSecret = { code: 'NOT_FOUND' };

/** What a caller may ask of one verification. */
export interface VerifyOptions {
  /** Asks the database even if the cache knows. */
  readonly fresh?: boolean;
  /** For the metrics. */
  readonly door?: Door;
}

/** A secret, and what its bearer wants to do. */
export interface VerifyRequest {
  readonly secret: string;
  readonly attempt: Attempt;
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
    private readonly metrics: VerificationMetrics,
  ) {}

  /**
   * The verdict on one attempt; it counts in the metrics of a key that is alive. What has not the form of a secret costs no
   * query, and nothing but "unknown" is said before the digest has matched. A promise only where the database must be asked: a warm
   * verdict takes less time than waiting for one.
   * @throws UnavailableError (the promise rejects with it) when nothing can be said, because the database does not answer
   */
  verify(secret: string, attempt: Attempt, options: VerifyOptions = {}): Soon<Verdict<VerifiedKey>> {
    const startedMs = performance.now();
    const verdict = this.verdictNow(secret, attempt, options);
    return verdict === undefined
      ? this.verifyCold(secret, attempt, options, startedMs)
      : this.reached(verdict, options.door ?? 'public', startedMs);
  }

  private async verifyCold(
    secret: string,
    attempt: Attempt,
    options: VerifyOptions,
    startedMs: number,
  ): Promise<Verdict<VerifiedKey>> {
    const { door = 'public' } = options;
    try {
      return this.reached(await this.verdictLater(secret, attempt, options), door, startedMs);
    } catch (error) {
      if (error instanceof UnavailableError) {
        this.metrics.observeVerdict(door, 'UNAVAILABLE', startedMs);
      }
      throw error;
    }
  }

  /**
   * The verdicts on several attempts, in their order; all, or none, and then none is counted. What finds too many others reading is
   * tried again for as long as the rest makes progress.
   * @throws UnavailableError when nothing can be said of one of them
   */
  async verifyAll(requests: readonly VerifyRequest[], options: VerifyOptions = {}): Promise<Verdict<VerifiedKey>[]> {
    const { door = 'public' } = options;
    const startedMs = performance.now();
    const reached = new Map<VerifyRequest, Verdict<VerifiedKey>>();
    try {
      for (let waiting = this.reachNow(requests, options, reached); waiting.length > 0;) {
        const busy = await this.reachEach(waiting, options, reached);
        if (busy.length === waiting.length) {
          throw new UnavailableError({ detail: 'too many others are reading' });
        }
        waiting = this.reachNow(busy, options, reached);
      }
    } catch (error) {
      if (error instanceof UnavailableError) {
        this.metrics.observeVerdict(door, 'UNAVAILABLE', startedMs);
      }
      throw error;
    }
    const verdicts = requests.flatMap((request) => reached.get(request) ?? []);
    for (const verdict of verdicts) {
      this.reached(verdict, door, startedMs);
    }
    return verdicts;
  }

  /** Notes the verdicts that can be reached without waiting, and gives back the other requests. */
  private reachNow(
    requests: readonly VerifyRequest[],
    options: VerifyOptions,
    reached: Map<VerifyRequest, Verdict<VerifiedKey>>,
  ): VerifyRequest[] {
    return requests.filter((request) => {
      const verdict = this.verdictNow(request.secret, request.attempt, options);
      if (verdict !== undefined) {
        reached.set(request, verdict);
      }
      return verdict === undefined;
    });
  }

  /** Notes the verdicts that can be reached, and gives back the requests for which too many others were reading. */
  private async reachEach(
    requests: readonly VerifyRequest[],
    options: VerifyOptions,
    reached: Map<VerifyRequest, Verdict<VerifiedKey>>,
  ): Promise<VerifyRequest[]> {
    const busy: VerifyRequest[] = [];
    const reach = async (request: VerifyRequest) => {
      const { secret, attempt } = request;
      try {
        reached.set(request, await this.verdictLater(secret, attempt, options));
      } catch (error) {
        if (!(error instanceof BusyError)) {
          throw error;
        }
        busy.push(request);
      }
    };
    // Until the last has ended, even if one fails: none is still at work when the answer leaves.
    const outcomes = await Promise.allSettled(requests.map(reach));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
    return busy;
  }

  /** Without waiting for anything; undefined if the database must be asked. */
  private verdictNow(secret: string, attempt: Attempt, { fresh }: VerifyOptions): Verdict<VerifiedKey> | undefined {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return MALFORMED;
    }
    const stored = fresh === true ? undefined : this.facts.findWarm(secretId);
    if (stored === undefined) {
      return undefined;
    }
    if (this.hasDigest(secret, stored)) {
      return this.judge(secret, stored, attempt);
    }
    return this.isJudgedHere(stored) ? NOT_FOUND : undefined;
  }

  private async verdictLater(
    secret: string,
    attempt: Attempt,
    { fresh }: VerifyOptions,
  ): Promise<Verdict<VerifiedKey>> {
    const secretId = parseSecretId(this.config.secretPrefix, secret);
    if (secretId === null) {
      return MALFORMED;
    }
    const stored = await (fresh === true ? this.facts.readAnew(secretId) : this.facts.read(secretId));
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

  private judge(secret: string, stored: StoredSecret, attempt: Attempt): Verdict<VerifiedKey> {
    this.renewal.see(secret, stored);
    return decide(stored.key, attempt, this.databaseClock.nowMs());
  }

  /** Counts a verdict that is about to be given. */
  private reached(verdict: Verdict<VerifiedKey>, door: Door, startedMs: number): Verdict<VerifiedKey> {
    this.metrics.observeVerdict(door, verdict.code, startedMs);
    if (isOfLivingKey(verdict)) {
      this.meter.count(verdict.key.keyId, this.databaseClock.nowMs());
    }
    return verdict;
  }

  private hasDigest(secret: string, { digest, pepperVersion, binding }: StoredSecret): boolean {
    return (
      digest !== null && pepperVersion !== null && this.peppers.matches(secret, binding, { digest, pepperVersion })
    );
  }

  /** Whether there is a digest that can be judged here, so that there is nothing to recover. */
  private isJudgedHere({ digest, pepperVersion }: StoredSecret): boolean {
    return digest !== null && pepperVersion !== null && this.peppers.knows(pepperVersion);
  }
}
