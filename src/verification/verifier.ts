import { Injectable } from '@nestjs/common';
import type { Soon } from '../common/soon.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { isOfLivingKey, type Verdict } from '../decision/verdict.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { DatabaseClock } from './database-clock.js';
import { BusyError } from './facts-loader.js';
import type { Door } from './door.js';
import { Judge, type JudgeOptions, type VerifyRequest } from './judge.js';
import type { VerifiedKey } from './stored-secret.js';
import { VerificationMetrics } from './verification-metrics.js';

/** What a caller may ask of one verification. */
export interface VerifyOptions extends JudgeOptions {
  /** For the metrics. */
  readonly door?: Door;
}

/** Answers "may this secret do this, from here, now?" for every door. */
@Injectable()
export class Verifier {
  constructor(
    private readonly judge: Judge,
    private readonly databaseClock: DatabaseClock,
    private readonly meter: UsageMeter,
    private readonly metrics: VerificationMetrics,
  ) {}

  /**
   * The verdict on one attempt; it counts in the metrics of a key that is alive. A promise only where the database must be asked: a
   * warm verdict takes less time than waiting for one.
   * @throws UnavailableError (the promise rejects with it) when nothing can be said, because the database does not answer
   */
  verify(request: VerifyRequest, options: VerifyOptions = {}): Soon<Verdict<VerifiedKey>> {
    const startedMs = performance.now();
    const verdict = this.judge.now(request, options);
    return verdict === undefined
      ? this.verifyCold(request, options, startedMs)
      : this.reached(verdict, options.door ?? 'public', startedMs);
  }

  private async verifyCold(
    request: VerifyRequest,
    options: VerifyOptions,
    startedMs: number,
  ): Promise<Verdict<VerifiedKey>> {
    const { door = 'public' } = options;
    try {
      return this.reached(await this.judge.later(request, options), door, startedMs);
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
      const verdict = this.judge.now(request, options);
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
      try {
        reached.set(request, await this.judge.later(request, options));
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

  /** Counts a verdict that is about to be given. */
  private reached(verdict: Verdict<VerifiedKey>, door: Door, startedMs: number): Verdict<VerifiedKey> {
    this.metrics.observeVerdict(door, verdict.code, startedMs);
    if (isOfLivingKey(verdict)) {
      this.meter.count(verdict.key.keyId, this.databaseClock.nowMs());
    }
    return verdict;
  }
}
