import { SCOPE_CATALOGUE } from '../common/access/scope.js';
import { UnavailableError } from '../common/unavailable-error.js';
import type { Verdict } from '../decision/verdict.js';
import type { UsageMeter } from '../usage/usage-meter.js';
import type { DatabaseClock } from './change-feed/database-clock.js';
import { BusyError } from './cache/key-loader.js';
import type { KeyAuthenticator, AuthenticateOptions, VerifyRequest } from './key-authenticator.js';
import type { VerifiedKey } from './cache/cached-secret.js';
import type { VerificationMetrics } from './verification-metrics.js';
import { Verifier } from './verifier.js';

type Known = Verdict<VerifiedKey>;

const keyOf = (secret: string) => ({ keyId: secret }) as unknown as VerifiedKey;
const valid = (secret: string): Known => ({ code: 'VALID', key: keyOf(secret) });
const deleted = (secret: string): Known => ({ code: 'DELETED', key: keyOf(secret) });
const NOT_FOUND: Known = { code: 'NOT_FOUND' };
const requestOf = (secret: string): VerifyRequest => ({
  secret,
  attempt: { scopes: SCOPE_CATALOGUE.none, address: null },
});

/** A verifier over what the cache and the database say of each secret, as the test sets it. */
function arrange() {
  const cache = new Map<string, Known>();
  const database = new Map<string, () => Promise<Known>>();
  const asked: string[] = [];
  const counted: string[] = [];
  const authenticator = {
    fromCache: ({ secret }: VerifyRequest, { fresh }: AuthenticateOptions) => {
      asked.push(secret);
      return fresh === true ? undefined : cache.get(secret);
    },
    revalidate: ({ secret }: VerifyRequest, before: Known) => ('key' in before ? cache.get(secret) : before),
    fromDatabase: ({ secret }: VerifyRequest) => database.get(secret)?.() ?? Promise.resolve(NOT_FOUND),
  };
  const outcomes: string[] = [];
  const verifier = new Verifier(
    authenticator as unknown as KeyAuthenticator,
    { msAt: () => 0 } as unknown as DatabaseClock,
    { count: (keyId: string) => counted.push(keyId) } as unknown as UsageMeter,
    { observeVerdict: (_endpoint: string, code: string) => outcomes.push(code) } as unknown as VerificationMetrics,
    { monotonicMs: () => 0 },
  );
  /** What the database says is in the cache from then on. */
  const tell = (secret: string, verdict: Known, meanwhile?: () => void) => {
    database.set(secret, () => {
      meanwhile?.();
      cache.set(secret, verdict);
      return Promise.resolve(verdict);
    });
  };
  const verifyAll = async (secrets: readonly string[], options = {}) =>
    (await verifier.verifyAll(secrets.map(requestOf), { endpoint: 'batch', ...options })).map(({ code }) => code);
  return { cache, database, asked, counted, outcomes, tell, verifyAll };
}

describe('several verdicts', () => {
  it('are reached once each where nothing has to be waited for, and counted once', async () => {
    const { cache, asked, counted, outcomes, verifyAll } = arrange();
    cache.set('a', valid('a')).set('b', deleted('b'));
    expect(await verifyAll(['a', 'b', 'a'])).toEqual(['VALID', 'DELETED', 'VALID']);
    expect(asked).toEqual(['a', 'b', 'a']);
    expect(counted).toEqual(['a', 'a']);
    expect(outcomes).toEqual(['VALID', 'DELETED', 'VALID']);
  });

  it.each([{}, { fresh: true }])(
    'are current when they are returned: a key that changes while others are read is decided again (%j)',
    async (options) => {
      const { cache, counted, tell, verifyAll } = arrange();
      cache.set('warm', valid('warm'));
      tell('warm', valid('warm'));
      tell('cold', valid('cold'), () => {
        // A change-log entry was received: the key is gone from the cache, and the database knows
        // why.
        cache.delete('warm');
        tell('warm', deleted('warm'));
      });
      expect(await verifyAll(['warm', 'cold', 'unknown'], options)).toEqual(['DELETED', 'VALID', 'NOT_FOUND']);
      expect(counted).toEqual(['cold']);
    },
  );

  it('are none, and none is counted, when what is known grows old faster than the rest can be read', async () => {
    const { cache, counted, outcomes, tell, verifyAll } = arrange();
    tell('a', valid('a'), () => cache.delete('b'));
    tell('b', valid('b'), () => cache.delete('a'));
    await expect(verifyAll(['a', 'b'])).rejects.toThrow(UnavailableError);
    expect(counted).toEqual([]);
    expect(outcomes).toEqual(['UNAVAILABLE']);
  });

  it('wait for their turn while others are read, and fail when none makes progress', async () => {
    const { cache, database, outcomes, tell, verifyAll } = arrange();
    let isBusy = true;
    tell('a', valid('a'));
    database.set('b', () => {
      if (isBusy) {
        isBusy = false;
        return Promise.reject(new BusyError());
      }
      cache.set('b', valid('b'));
      return Promise.resolve(valid('b'));
    });
    expect(await verifyAll(['a', 'b'])).toEqual(['VALID', 'VALID']);
    isBusy = true;
    cache.clear();
    await expect(verifyAll(['b'])).rejects.toMatchObject({ detail: 'too many reads are under way' });
    expect(outcomes).toEqual(['VALID', 'VALID', 'UNAVAILABLE']);
  });
});
