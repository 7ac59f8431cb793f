import { parseIpAddress } from './ip-address.js';

describe('reading an IP address', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['192.168.1.10', '192.168.1.10'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('reads %s and writes it as %s, the one form of RFC 5952', (text, canonical) => {
    expect(parseIpAddress(text)?.toString()).toBe(canonical);
  });

  it.each([
    '::ffff:10.0.0.1',
    '::FFFF:10.0.0.1',
    '::ffff:a00:1',
    '0:0:0:0:0:ffff:0a00:0001',
    '0:0:0:0:0:ffff:10.0.0.1',
    '0000:0000:0000:0000:0000:ffff:10.0.0.1',
    '::0:ffff:10.0.0.1',
  ])('takes IPv4-mapped %s for the IPv4 address 10.0.0.1', (text) => {
    expect(parseIpAddress(text)).toEqual(parseIpAddress('10.0.0.1'));
    expect(parseIpAddress(text)?.family).toBe(4);
  });

  it.each([
    '::10.0.0.1',
    '::ffff:0:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '2002:a00:1::',
    '::fffe:10.0.0.1',
    '1::ffff:10.0.0.1',
  ])('does not take %s for IPv4: only the mapped range is', (text) => {
    expect(parseIpAddress(text)?.family).toBe(6);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' 10.0.0.1'],
    ['a line end', '10.0.0.1\n'],
    ['a NUL', '10.0.0.1\0'],
    ['a leading zero', '10.0.0.01'],
    ['a leading zero in a mapped address', '::ffff:10.0.0.01'],
    ['octal', '012.0.0.1'],
    ['hexadecimal', '0x0a.0.0.1'],
    ['an integer', '167772161'],
    ['a short form', '10.1'],
    ['a short mapped form', '::ffff:10.1'],
    ['a number over 255', '10.0.0.256'],
    ['five numbers', '10.0.0.0.1'],
    ['a dot at the end', '10.0.0.1.'],
    ['other digits than ASCII', '１0.0.0.1'],
    ['a port', '10.0.0.1:80'],
    ['a prefix length', '10.0.0.1/32'],
    ['brackets', '[::1]'],
    ['a zone id', 'fe80::1%eth0'],
    ['a zone id on a mapped address', '::ffff:10.0.0.1%1'],
    ['two gaps', '1::2::3'],
    ['three colons', ':::1'],
    ['a gap for no group', '1:2:3:4::5:6:7:8'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['a group of five digits', '::00001'],
    ['IPv4 not at the end', '10.0.0.1::'],
    ['a host name', 'localhost'],
    ['hexadecimal letters alone', 'face'],
  ])('refuses %s', (_fault, text) => {
    expect(parseIpAddress(text)).toBeNull();
  });

  it('refuses megabytes without reading them', () => {
    const garbage = ['1'.repeat(1e6), ':'.repeat(1e6), '::ffff:' + '1.'.repeat(1e6), '0:'.repeat(1e6)];
    const startedAt = performance.now();
    for (let round = 0; round < 1000; round++) {
      expect(garbage.some((text) => parseIpAddress(text) !== null)).toBe(false);
    }
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
