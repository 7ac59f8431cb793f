import { wantsNoCache } from './cache-control.js';

describe('a Cache-Control header', () => {
  it.each([
    'no-cache',
    'No-Cache',
    ' no-cache ',
    'no-store, no-cache',
    'no-cache,max-age=0',
    'max-age=0,\tno-cache\t, no-store',
    'ext="a, b", no-cache',
    'ext="\\"", no-cache',
    'no-cache=""',
    'no-cache="set-cookie"',
    ',, no-cache',
  ])('(%j) asks for the current state', (header) => {
    expect(wantsNoCache(header)).toBe(true);
  });

  it.each([
    '',
    'no-store',
    'max-age=0',
    'no-cachet',
    'x-no-cache',
    'private="no-cache"',
    'ext="a, no-cache, b"',
    'ext="\\", no-cache, \\""',
    'ext="unterminated, no-cache',
    'no cache',
  ])('(%j) does not', (header) => {
    expect(wantsNoCache(header)).toBe(false);
  });

  it('takes linear time to read', () => {
    expect(wantsNoCache('"\\'.repeat(8_000))).toBe(false);
    expect(wantsNoCache('\\"'.repeat(8_000))).toBe(false);
  });
});
