import fc from 'fast-check';
import { CredentialsMissingError, InvalidCredentialsError } from './access-errors.js';
import { bearerToken, parseCredentials } from './bearer-token.js';

describe('the credentials in an Authorization header', () => {
  it.each([
    ['Bearer abc', 'bearer', 'abc'],
    ['BEARER abc', 'bearer', 'abc'],
    ['bEaReR   abc', 'bearer', 'abc'],
    ['  Bearer abc', 'bearer', 'abc'],
    ['\tBearer abc \t ', 'bearer', 'abc'],
    ['Bearer a-._~+/b==', 'bearer', 'a-._~+/b=='],
    ['basic dTpw', 'basic', 'dTpw'],
    ['Basic    dTpw', 'basic', 'dTpw'],
    ['Bearer', 'bearer', undefined],
    ['Bearer   ', 'bearer', undefined],
    ['Bearer\tabc', 'bearer', undefined],
    ['Bearer \tabc', 'bearer', undefined],
    ['Bearer a b', 'bearer', undefined],
    ['Bearer a, Bearer b', 'bearer', undefined],
    ['BearerX abc', 'bearerx', 'abc'],
    ['Digest username="x", realm="y"', 'digest', undefined],
  ])('are read from %j', (header, scheme, token) => {
    expect(parseCredentials(header)).toEqual({ scheme, token });
  });

  it.each(['', ' ', '\t \t'])('are none in %j', (header) => {
    expect(parseCredentials(header)).toBeNull();
  });

  it('are the same however the scheme is spelled and however many spaces surround the token', () => {
    const token68 = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,80}={0,2}$/);
    const spaces = fc.stringMatching(/^ {0,5}$/);
    const cases = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(token68, spaces, spaces, spaces, cases, (token, before, between, after, upper) => {
        const scheme = Array.from('bearer', (letter, at) => (upper[at] === true ? letter.toUpperCase() : letter)).join(
          '',
        );
        expect(bearerToken([`${before}${scheme} ${between}${token}${after}`])).toBe(token);
      }),
    );
  });

  it('are never a token with white space in it, whatever the header is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('B', 'e', 'a', 'r', ' ', '\t', ',', '=', '"') }), (text) => {
        expect(parseCredentials(`Bearer ${text}`)?.token ?? '').not.toMatch(/\s/);
      }),
    );
  });

  it('take linear time to read', () => {
    const long = `Bearer${' '.repeat(16_000)}x${' '.repeat(16_000)}`;
    expect(parseCredentials(`${long}y`)).toEqual({ scheme: 'bearer', token: undefined });
  });
});

describe('a bearer token', () => {
  it.each([[[]], [['']], [['Basic dTpw']], [['sk_live_x']], [['BearerX x']]])('is missing in %j', (headers) => {
    expect(() => bearerToken(headers)).toThrow(CredentialsMissingError);
  });

  it.each([[['Bearer']], [['Bearer a b']], [['Bearer\ta']], [['Bearer a', 'Bearer a']], [['Basic a', 'Bearer a']]])(
    'is refused in %j',
    (headers) => {
      expect(() => bearerToken(headers)).toThrow(InvalidCredentialsError);
    },
  );
});
