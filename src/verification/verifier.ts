import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import type { MaybePromise } from '../common/maybe-promise.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { isOfLivingKey, type Verdict } from '../decision/verdict.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { DatabaseClock } from './change-feed/database-clock.js';
import { BusyError } from './cache/key-loader.js';
import type { Endpoint } from './endpoint.js';
import { KeyAuthenticator, type AuthenticateOptions, type VerifyRequest } from './key-authenticator.js';
import type { VerifiedKey } from './cache/cached-secret.js';
import { VerificationMetrics } from './verification-metrics.js';

/** How often verdicts of one batch may be taken back before it is given up: a slow database without a feed would go round for ever. */
const MOST_TAKEN_BACK = 5;

/** What a caller may ask of one verification. */
export interface VerifyOptions extends AuthenticateOptions {
  /** For the metrics. */
  readonly endpoint?: Endpoint;
}

/** Answers "may this secret do this, from here, now?" for every endpoint. */
@Injectable()
export class Verifier {
  constructor(
    private readonly authenticator: KeyAuthenticator,
    private readonly databaseClock: DatabaseClock,
    private readonly meter: UsageMeter,
    private readonly metrics: VerificationMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The verdict on one attempt; it counts in the metrics of a key that is alive. A promise only where the database must be asked: a
   * warm verdict takes less time than waiting for one.
   * @throws UnavailableError (the promise rejects with it) when nothing can be said, because the database does not answer
   */
  verify(request: VerifyRequest, options: VerifyOptions = {}): MaybePromise<Verdict<VerifiedKey>> {
    const startedMs = this.clock.monotonicMs();
    const verdict = this.authenticator.fromCache(request, options, startedMs);
    if (verdict === undefined) {
      return this.verifyCold(request, options, startedMs);
    }
    this.count([verdict], options, startedMs);
    return verdict;
  }

  private async verifyCold(
    request: VerifyRequest,
    options: VerifyOptions,
    startedMs: number,
  ): Promise<Verdict<VerifiedKey>> {
    return this.countingFailure(options, startedMs, async () => {
      const verdict = await this.authenticator.fromDatabase(request, options);
      this.count([verdict], options, startedMs);
      return verdict;
    });
  }

  /**
   * The verdicts on several attempts, in their order, all as of the moment at which they are given; all, or none, and then none is counted.
   * What finds too many others reading is tried again for as long as the rest makes progress.
   * @throws UnavailableError when nothing can be said of one of them
   */
  async verifyAll(requests: readonly VerifyRequest[], options: VerifyOptions = {}): Promise<Verdict<VerifiedKey>[]> {
    const startedMs = this.clock.monotonicMs();
    const asked = requests.map((request) => ({
      request,
      verdict: this.authenticator.fromCache(request, options, startedMs),
      sinceMs: startedMs,
    }));
    return this.countingFailure(options, startedMs, async () => {
      let takenBack = 0;
      for (let open = asked.filter(isOpen); open.length > 0; open = asked.filter(isOpen)) {
        await this.reachEach(open, options);
        if (open.every(isOpen)) {
          throw new UnavailableError({ detail: 'too many others are reading' });
        }
        if (this.revalidateAll(asked, options) && ++takenBack > MOST_TAKEN_BACK) {
          throw new UnavailableError({ detail: 'what was known of some grew old before the others were known' });
        }
      }
      const verdicts = asked.flatMap(({ verdict }) => verdict ?? []);
      this.count(verdicts, options, startedMs);
      return verdicts;
    });
  }

  /**
   * Judges all as of now: what was true when the first verdict was reached need not be when the last one is. A verdict on a key is taken back
   * if its facts have changed meanwhile, or nobody vouches for them any more. Says whether one was.
   */
  private revalidateAll(asked: readonly Asked[], options: VerifyOptions): boolean {
    const nowMs = this.clock.monotonicMs();
    let isOneTakenBack = false;
    for (const one of asked) {
      const { request, verdict: before, sinceMs } = one;
      one.verdict =
        before === undefined
          ? this.authenticator.fromCache(request, options, nowMs)
          : this.authenticator.revalidate(request, before, sinceMs, nowMs);
      one.sinceMs = nowMs;
      isOneTakenBack ||= before !== undefined && one.verdict === undefined;
    }
    return isOneTakenBack;
  }

  /** Asks the database for each verdict. Those for which too many others were reading stay open. */
  private async reachEach(open: readonly Asked[], options: VerifyOptions): Promise<void> {
    const reach = async (one: Asked) => {
      one.sinceMs = this.clock.monotonicMs();
      try {
        one.verdict = await this.authenticator.fromDatabase(one.request, options);
      } catch (error) {
        if (!(error instanceof BusyError)) {
          throw error;
        }
      }
    };
    // Until the last has ended, even if one fails: none is still at work when the answer leaves.
    const outcomes = await Promise.allSettled(open.map(reach));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  /** Counts verdicts that are about to be given. */
  private count(
    verdicts: readonly Verdict<VerifiedKey>[],
    { endpoint = 'public' }: VerifyOptions,
    startedMs: number,
  ): void {
    const nowMs = this.clock.monotonicMs();
    for (const verdict of verdicts) {
      this.metrics.observeVerdict(endpoint, verdict.code, nowMs - startedMs);
      if (isOfLivingKey(verdict)) {
        this.meter.count(verdict.key.keyId, this.databaseClock.msAt(nowMs));
      }
    }
  }

  /** Counts it when no verdict can be reached. */
  private async countingFailure<T>(
    { endpoint = 'public' }: VerifyOptions,
    startedMs: number,
    reach: () => Promise<T>,
  ): Promise<T> {
    try {
      return await reach();
    } catch (error) {
      if (error instanceof UnavailableError) {
        this.metrics.observeVerdict(endpoint, 'UNAVAILABLE', this.clock.monotonicMs() - startedMs);
      }
      throw error;
    }
  }
}

/** One of several requests, and the verdict on it once it is reached. */
interface Asked {
  readonly request: VerifyRequest;
  verdict: Verdict<VerifiedKey> | undefined;
  /** From when on a change makes it untrue: when reaching it began, or when it was last confirmed, on the monotonic clock. */
  sinceMs: number;
}

const isOpen = ({ verdict }: Asked): boolean => verdict === undefined;
