import { callInternal, INTERNAL_ENV, type VerificationOnWire } from './internal-calls.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { expectSuccess } from '../support/expect-answer.js';

describe('a batch of more keys than the cache holds', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: { ...INTERNAL_ENV, CACHE_MAX_KEYS: '1' } });
  });
  afterAll(() => fixture.app.close());

  it.each<Readonly<Record<string, string>>>([{}, { 'cache-control': 'no-cache' }])(
    'is verified completely (%j)',
    async (headers) => {
      const keys = await Promise.all(Array.from({ length: 5 }, () => fixture.createKey()));
      const requests = [...keys.map(({ secret }) => ({ secret })), { secret: 'nonsense' }];
      for (let round = 0; round < 2; round++) {
        const answer = await callInternal<VerificationOnWire[]>(fixture, '/verify/batch', { requests }, { headers });
        expect(expectSuccess(answer, 'Verifications completed').map(({ code }) => code)).toEqual([
          ...keys.map(() => 'VALID'),
          'MALFORMED',
        ]);
      }
    },
  );
});
