import { envelope, type Outcome } from '../support/load-client.js';

/** Expects each outcome to be the envelope of a 503 with Retry-After. */
export function expectUnavailable(outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    expect({ status: outcome.status, error: outcome.error }).toEqual({ status: 503, error: null });
    expect(Number(outcome.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(outcome.headers['www-authenticate']).toBeUndefined();
    expect(envelope(outcome)).toMatchObject({ status: 503, data: null, support_id: expect.any(String) as string });
  }
}
