import { parseIpAddress } from './ip-address.js';
import { IpAllowList } from './ip-allow-list.js';
import { InvalidIpNetworkError } from './ip-network.js';

describe('an allow-list', () => {
  it('lets in what lies in any of its networks, of either family, and nothing else', () => {
    const list = IpAllowList.compile(['10.0.0.0/8', '192.168.1.10', '2001:db8::/32']);
    const allowed = ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', '192.168.1.10', '2001:db8::', '2001:db8:ffff::1'];
    const refused = [
      '9.255.255.255',
      '11.0.0.0',
      '192.168.1.9',
      '192.168.1.11',
      '2001:db7::',
      '2001:db9::',
      '::',
      '::10.0.0.1',
    ];
    expect(allowed.filter((text) => !list.allows(parseIpAddress(text)))).toEqual([]);
    expect(refused.filter((text) => list.allows(parseIpAddress(text)))).toEqual([]);
  });

  it('does not depend on the order of its entries, or on entries inside others', () => {
    const entries = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '10.200.0.0/16', '10.0.0.0/8', '11.0.0.1'];
    for (const list of [IpAllowList.compile(entries), IpAllowList.compile(entries.toReversed())]) {
      expect(list.allows(parseIpAddress('10.255.0.1'))).toBe(true);
      expect(list.allows(parseIpAddress('10.1.255.255'))).toBe(true);
      expect(list.allows(parseIpAddress('11.0.0.1'))).toBe(true);
      expect(list.allows(parseIpAddress('11.0.0.0'))).toBe(false);
    }
  });

  it('of every IPv6 address lets no IPv4 caller in, and the other way round', () => {
    expect(IpAllowList.compile(['::/0']).allows(parseIpAddress('::ffff:10.0.0.1'))).toBe(false);
    expect(IpAllowList.compile(['0.0.0.0/0']).allows(parseIpAddress('2001:db8::1'))).toBe(false);
  });

  it('without entries allows no address: a lost list must not allow every address', () => {
    expect(IpAllowList.compile([]).allows(parseIpAddress('127.0.0.1'))).toBe(false);
    expect(IpAllowList.compile([]).allows(parseIpAddress('::1'))).toBe(false);
  });

  it('shows the entries that it was compiled from, in their order, nested ones too', () => {
    const entries = ['2001:db8::/32', '10.0.0.0/8', '10.1.0.0/16', '192.168.1.10'];
    expect(IpAllowList.compile(entries).entries).toEqual(entries);
    expect(IpAllowList.compile([]).entries).toEqual([]);
  });

  it('knows the first and the last address of networks of any length', () => {
    const list = IpAllowList.compile(['255.255.255.255', '0.0.0.0/1', 'ffff:ffff::/32', '2001:db8::/127']);
    const allowed = ['0.0.0.0', '127.255.255.255', '255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'];
    const refused = ['128.0.0.0', '255.255.255.254', 'ffff:fffe:ffff:ffff::', '2001:db8::2', '2001:db7:ffff::'];
    expect([...allowed, '2001:db8::1'].filter((text) => !list.allows(parseIpAddress(text)))).toEqual([]);
    expect(refused.filter((text) => list.allows(parseIpAddress(text)))).toEqual([]);
  });

  it('lets no address in that was not understood', () => {
    expect(IpAllowList.compile(['0.0.0.0/0', '::/0']).allows(parseIpAddress('fe80::1%eth0'))).toBe(false);
  });

  it('refuses to be compiled from an entry that is not a network', () => {
    expect(() => IpAllowList.compile(['10.0.0.0/8', 'localhost'])).toThrow(InvalidIpNetworkError);
  });
});
