import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import type { MaybePromise } from '../common/maybe-promise.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { isOfLivingKey, type Verdict } from '../decision/verdict.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { DatabaseClock } from './change-feed/database-clock.js';
import { BusyError } from './cache/key-loader.js';
import { KeyAuthenticator, type AuthenticateOptions, type VerifyRequest } from './key-authenticator.js';
import type { VerifiedKey } from './cache/cached-secret.js';
import { VerificationMetrics } from './verification-metrics.js';

/**
 * How often the verdicts of one batch may be withdrawn before it fails. Without a limit, a slow
 * database without a change feed would repeat for ever.
 */
const MAX_WITHDRAWALS = 5;

/** Options of a verification. */
export interface VerifyOptions extends AuthenticateOptions {
  /** Where the secret was presented: a label of the metrics, so one of a few fixed names. */
  readonly endpoint: string;
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
   * Decides about one attempt, and counts it as a use if the key is alive. Returns a promise only
   * where the database must be asked.
   * @throws UnavailableError when the database does not answer (the promise rejects with it)
   */
  verify(request: VerifyRequest, options: VerifyOptions): MaybePromise<Verdict<VerifiedKey>> {
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
   * Decides about several attempts, in their order, all as of the moment at which this resolves. If
   * one fails, all fail, and none is counted. A read that is refused because too many are under way
   * is repeated for as long as others make progress.
   * @throws UnavailableError when one of them cannot be decided
   */
  async verifyAll(requests: readonly VerifyRequest[], options: VerifyOptions): Promise<Verdict<VerifiedKey>[]> {
    const startedMs = this.clock.monotonicMs();
    const asked = requests.map((request) => ({
      request,
      verdict: this.authenticator.fromCache(request, options, startedMs),
      sinceMs: startedMs,
    }));
    return this.countingFailure(options, startedMs, async () => {
      let withdrawals = 0;
      for (let open = asked.filter(isOpen); open.length > 0; open = asked.filter(isOpen)) {
        await this.reachEach(open, options);
        if (open.every(isOpen)) {
          throw new UnavailableError({ detail: 'too many reads are under way' });
        }
        if (this.revalidateAll(asked, options) && ++withdrawals > MAX_WITHDRAWALS) {
          throw new UnavailableError({ detail: 'some verdicts were outdated before the others were reached' });
        }
      }
      const verdicts = asked.flatMap(({ verdict }) => verdict ?? []);
      this.count(verdicts, options, startedMs);
      return verdicts;
    });
  }

  /**
   * Renews all verdicts, because the first may be outdated by the time the last is reached. A
   * verdict is withdrawn if its key may have changed. Returns whether one was.
   */
  private revalidateAll(asked: readonly PendingVerification[], options: VerifyOptions): boolean {
    const nowMs = this.clock.monotonicMs();
    let isOneWithdrawn = false;
    for (const one of asked) {
      const { request, verdict: before, sinceMs } = one;
      one.verdict =
        before === undefined
          ? this.authenticator.fromCache(request, options, nowMs)
          : this.authenticator.revalidate(request, before, sinceMs, nowMs);
      one.sinceMs = nowMs;
      isOneWithdrawn ||= before !== undefined && one.verdict === undefined;
    }
    return isOneWithdrawn;
  }

  /** Reads each from the database. Those refused because too many reads are under way stay open. */
  private async reachEach(open: readonly PendingVerification[], options: VerifyOptions): Promise<void> {
    const reach = async (one: PendingVerification) => {
      one.sinceMs = this.clock.monotonicMs();
      try {
        one.verdict = await this.authenticator.fromDatabase(one.request, options);
      } catch (error) {
        if (!(error instanceof BusyError)) {
          throw error;
        }
      }
    };
    // Waits for all, even if one fails, so that none is still running when the response is sent.
    const outcomes = await Promise.allSettled(open.map(reach));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  /** Counts verdicts that are about to be returned. */
  private count(verdicts: readonly Verdict<VerifiedKey>[], { endpoint }: VerifyOptions, startedMs: number): void {
    const nowMs = this.clock.monotonicMs();
    for (const verdict of verdicts) {
      this.metrics.observeVerdict(endpoint, verdict.code, nowMs - startedMs);
      if (isOfLivingKey(verdict)) {
        this.meter.count(verdict.key.keyId, this.databaseClock.msAt(nowMs));
      }
    }
  }

  /** Counts a failure to decide. */
  private async countingFailure<T>(
    { endpoint }: VerifyOptions,
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

/** One of several requests, and its verdict once it is decided. */
interface PendingVerification {
  readonly request: VerifyRequest;
  verdict: Verdict<VerifiedKey> | undefined;
  /**
   * When the verdict was begun or last renewed, on the monotonic clock: a later change outdates it.
   */
  sinceMs: number;
}

const isOpen = ({ verdict }: PendingVerification): boolean => verdict === undefined;
