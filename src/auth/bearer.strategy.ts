import { Injectable } from '@nestjs/common';
import { Strategy } from 'passport-http-bearer';
import { bearerToken } from '../common/access/bearer-token.js';
import type { Attempt, Verdict } from '../decision/verdict.js';
import type { VerifiedKey } from '../verification/cache/cached-secret.js';
import { Verifier } from '../verification/verifier.js';

/** All that the strategy is shown of a request: with a query or a body it would look for a token there too. */
interface HeaderOnlyRequest {
  readonly headers: { readonly authorization: string };
  readonly attempt: Attempt;
}

/** How Passport hands over what a strategy found (see passport-strategy): these are set on a copy for each request. */
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
    >({ passReqToCallback: true, realm: 'latchkey' }, (request, token, done) => {
      const { attempt } = request as HeaderOnlyRequest;
      Promise.resolve(verifier.verify({ secret: token, attempt }, { endpoint: 'public' })).then((verdict) => {
        done(null, verdict);
      }, done);
    });
  }

  /**
   * What the bearer of the header's token may do.
   * @param authorization every `Authorization` header of the request; Node's `headers` would hide a
   * second one
   * @throws what `bearerToken` throws
   */
  async verdict(authorization: readonly string[], attempt: Attempt): Promise<Verdict<VerifiedKey>> {
    // Passport wants exactly one space between scheme and token; the RFC allows many.
    const normalized = `Bearer ${bearerToken(authorization)}`;
    return new Promise((resolve, reject) => {
      const run = Object.create(this.strategy) as Outcome;
      run.success = resolve;
      run.error = reject;
      run.fail = (challenge) => {
        reject(new TypeError(`a well-formed header was refused: ${String(challenge)}`));
      };
      run.authenticate({ headers: { authorization: normalized }, attempt });
    });
  }
}
