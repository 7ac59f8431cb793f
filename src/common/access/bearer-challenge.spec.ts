import fc from 'fast-check';
import { bearerChallenge } from './bearer-challenge.js';

describe('a bearer challenge', () => {
  it('names the realm alone, or the realm and then its parameters', () => {
    expect(bearerChallenge()).toBe('Bearer realm="latchkey"');
    expect(bearerChallenge({ error: 'insufficient_scope', scope: 'invoices.read invoices.update' })).toBe(
      'Bearer realm="latchkey", error="insufficient_scope", scope="invoices.read invoices.update"',
    );
  });

  it('replaces what would end the value or the header', () => {
    expect(bearerChallenge({ error_description: 'a "b" \\ \r\nX: y' })).toBe(
      `Bearer realm="latchkey", error_description="a 'b' ? ??X: y"`,
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(bearerChallenge({ error_description: text })).toMatch(
          /^Bearer realm="latchkey", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]*"$/,
        );
      }),
    );
  });
});
