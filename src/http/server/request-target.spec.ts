import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { normalizeTarget } from './request-target.js';

/** The target that a router would see, or what the request is refused for. */
function seen(url: string, opaquePrefix?: string): string | undefined {
  const request = { url } as IncomingMessage;
  const refusal = normalizeTarget(request, opaquePrefix === undefined ? [] : [opaquePrefix]);
  return refusal === null ? request.url : `${refusal.status} ${refusal.code}`;
}

/** Step by step as the RFC says it. */
function removeDotSegments(path: string): string {
  let input = path;
  let output = '';
  while (input !== '') {
    if (/^\/\.(?:\/|$)/.test(input)) {
      input = input.replace(/^\/\.\/?/, '/');
    } else if (/^\/\.\.(?:\/|$)/.test(input)) {
      input = input.replace(/^\/\.\.\/?/, '/');
      output = output.replace(/\/?[^/]*$/, '');
    } else {
      const [first = ''] = /^\/?[^/]*/.exec(input) ?? [];
      output += first;
      input = input.slice(first.length);
    }
  }
  return output;
}

describe('the target of a request', () => {
  it.each([
    ['/developers/api_keys', '/developers/api_keys'],
    ['/developers/api%5Fkeys', '/developers/api_keys'],
    ['/developers/%61pi_keys', '/developers/api_keys'],
    ['/developers/api%5fkeys?a=%5f%61', '/developers/api_keys?a=%5f%61'],
    ['/ver%69fy', '/verify'],
    ['/%7Euser%2duser%2Euser', '/~user-user.user'],
    // Reserved and other characters stay encoded; only the digits become capitals.
    ['/a%2fb%3f%23%25%5c', '/a%2Fb%3F%23%25%5C'],
    ['/%c3%a9', '/%C3%A9'],
    // Decoded once.
    ['/%2561', '/%2561'],
    ['/%255F', '/%255F'],
    // What is no escape stays as it came.
    ['/%', '/%'],
    ['/%zz%6', '/%zz%6'],
    // And makes no escape of what surrounds it.
    ['/%%32%65/x', '/%%32%65/x'],
    ['/%%61/../x', '/x'],
    // Trailing slashes, empty segments and case make another path.
    ['/Verify', '/Verify'],
    ['/verify/', '/verify/'],
    ['//verify', '//verify'],
    ['/', '/'],
    ['/?', '/?'],
    // A segment that only begins with a dot is a name.
    ['/.well-known/x', '/.well-known/x'],
    ['/...', '/...'],
    ['/a/..b', '/a/..b'],
    ['/a?b=/../c', '/a?b=/../c'],
    ['/a?b=/./c', '/a?b=/./c'],
    // RFC 3986, section 5.2.4.
    ['/.', '/'],
    ['/..', '/'],
    ['/./verify', '/verify'],
    ['/../verify', '/verify'],
    ['/developers/./api_keys', '/developers/api_keys'],
    ['/x/../developers/api_keys?x', '/developers/api_keys?x'],
    ['/a/b/c/./../../g', '/a/g'],
    ['/developers/.', '/developers/'],
    ['/developers/x/..', '/developers/'],
    ['/a//../b', '/a/b'],
    ['/%2e/verify', '/verify'],
    ['/x/%2E%2e/verify', '/verify'],
    ['/x/.%2e/verify', '/verify'],
    ['/x/..%2fverify', '/x/..%2Fverify'],
    ['http://any.host/x/../verify', '/verify'],
    ['http://any.host/verify', '/verify'],
    ['HTTP://any.host:80/ver%69fy?x=1', '/verify?x=1'],
    ['http://any.host', '/'],
    ['http://any.host?x', '/?x'],
    ['*', '/'],
  ])('%s is seen as %s', (url, target) => {
    expect(seen(url)).toBe(target);
  });

  it.each([
    'http:/verify',
    'http:\\\\any.host\\verify',
    'mailto:x@any.host',
    'http://[/x',
    '/a#b',
    '/a b',
    '/\u00e9',
    '',
    'verify',
    '?x',
  ])('%j is refused, and no router sees it', (url) => {
    expect(seen(url)).toBe('400 BAD_TARGET');
  });

  it('is the same for all spellings of a path', () => {
    const plain = fc.stringMatching(/^(?:\/[A-Za-z0-9_~-]{1,8}){1,4}$/);
    fc.assert(
      fc.property(plain, fc.infiniteStream(fc.constantFrom('as it is', 'lower', 'UPPER')), (path, spellings) => {
        const spelled = Array.from(path)
          .map((character) => {
            const { value } = spellings.next() as { readonly value: string };
            const escape = `%${character.charCodeAt(0).toString(16)}`;
            return character === '/' || value === 'as it is'
              ? character
              : value === 'lower'
                ? escape
                : escape.toUpperCase();
          })
          .join('');
        expect(seen(spelled)).toBe(path);
      }),
    );
  });

  it('has the path that RFC 3986, section 5.2.4, gives it', () => {
    const segment = fc.constantFrom('', '.', '..', 'a', '...', '.a', 'b..');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const path = `/${segments.join('/')}`;
        expect([path, seen(path)]).toEqual([path, removeDotSegments(path)]);
      }),
    );
  });

  it('is not changed by being normalized again, and holds no dot segment', () => {
    const piece = fc.constantFrom('/', '.', '%2e', '%2E', '%2f', '%', '%25', '2e', 'a', '%61', '?', '\\', ';');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = seen(`/${pieces.join('')}`) ?? '';
        expect(seen(target)).toBe(target);
        expect(
          target
            .split('?')[0]
            ?.split('/')
            .filter((segment) => segment === '.' || segment === '..'),
        ).toEqual([]);
      }),
    );
  });

  it.each([
    ['/opaque/../../verify', '/opaque/../../verify'],
    ['/opaque/%2e%2e/%2E./verify', '/opaque/../../verify'],
    ['/op%61que/../verify', '/opaque/../verify'],
    ['/x/../opaque/../verify', '/verify'],
    ['/opaque', '/opaque'],
    ['/opaquely/../verify', '/verify'],
  ])('(%s) does not leave the opaque part of the path', (url, target) => {
    expect(seen(url, '/opaque/')).toBe(target);
  });
});
