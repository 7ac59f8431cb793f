import fc from 'fast-check';
import { parseForwardedAddress } from './forwarded-address.js';
import { parseIpAddress } from './ip-address.js';

describe('a hop that a proxy names', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['203.0.113.7:0', '203.0.113.7'],
    ['203.0.113.7:65535', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:0DB8::0001]:443', '2001:db8::1'],
    ['[::ffff:203.0.113.7]:4711', '203.0.113.7'],
    // Without brackets the last group is a part of the address.
    ['2001:db8::1:4711', '2001:db8::1:4711'],
  ])('%s is %s', (text, address) => {
    expect(parseForwardedAddress(text)?.toString()).toBe(address);
  });

  it.each([
    '203.0.113.7:',
    '203.0.113.7:65536',
    '203.0.113.7:123456',
    '203.0.113.7:http',
    '203.0.113.7:-1',
    '203.0.113.7:80:80',
    ' 203.0.113.7:80',
    '[203.0.113.7]:80',
    '[203.0.113.7]',
    '[2001:db8::1',
    '2001:db8::1]',
    '[2001:db8::1]443',
    '[2001:db8::1]:',
    '[2001:db8::1%eth0]:443',
    '[[2001:db8::1]]:443',
    '[]:80',
    ':80',
    '"[2001:db8::1]:443"',
    '0313.0.113.7:80',
    'localhost:80',
  ])('%j is no address', (text) => {
    expect(parseForwardedAddress(text)).toBeNull();
  });

  it('is the same address with any port as without one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (text, port) => {
        const withPort = text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
        expect(parseForwardedAddress(withPort)).toEqual(parseIpAddress(text));
      }),
    );
  });
});
