import { Injectable } from '@nestjs/common';
import { Strategy } from 'passport-http-bearer';
import { REALM } from '../common/access/bearer-challenge.js';
import { bearerToken } from '../common/access/bearer-token.js';
import type { Attempt, Verdict } from '../decision/verdict.js';
import type { VerifiedKey } from '../verification/cache/cached-secret.js';
import { Verifier } from '../verification/verifier.js';

/**
 * The part of a request that the strategy gets; it would also look for a token in a query or a
 * body.
 */
interface HeaderOnlyRequest {
  readonly headers: { readonly authorization: string };
  readonly attempt: Attempt;
}

/**
 * The callbacks of a strategy, which Passport sets on a copy for each request (see
 * passport-strategy).
 */
interface Outcome {
  success(verdict: Verdict<VerifiedKey>): void;
  fail(challenge: unknown): void;
  error(error: unknown): void;
  authenticate(request: HeaderOnlyRequest): void;
}

/** Passport's bearer strategy (RFC 6750) over the verifier. */
@Injectable()
export class BearerStrategy {
  private readonly strategy: object;

  constructor(verifier: Verifier) {
    this.strategy = new Strategy<
      (request: unknown, token: string, done: (error: unknown, verdict?: Verdict<VerifiedKey>) => void) => void
    >({ passReqToCallback: true, realm: REALM }, (request, token, done) => {
      const { attempt } = request as HeaderOnlyRequest;
      Promise.resolve(verifier.verify({ secret: token, attempt }, { endpoint: 'public' })).then((verdict) => {
        done(null, verdict);
      }, done);
    });
  }

  /**
   * The verdict on the token of the header.
   * @param authorization every `Authorization` header of the request; Node's `headers` hides a
   * second one
   * @throws what `bearerToken` throws
   */
  async verdict(authorization: readonly string[], attempt: Attempt): Promise<Verdict<VerifiedKey>> {
    // Passport requires exactly one space between scheme and token; the RFC allows several.
    const normalized = `Bearer ${bearerToken(authorization)}`;
    return new Promise((resolve, reject) => {
      const run = Object.create(this.strategy) as Outcome;
      run.success = resolve;
      run.error = reject;
      run.fail = (challenge) => {
        reject(new TypeError(`Passport rejected a well-formed header: ${String(challenge)}`));
      };
      run.authenticate({ headers: { authorization: normalized }, attempt });
    });
  }
}
