import { parseIpAddress, type IpAddress } from './ip-address.js';
import { canonicalNetworks, InvalidIpNetworkError, IpNetwork } from './ip-network.js';

describe('reading a network', () => {
  it.each([
    ['192.168.1.10', '192.168.1.10'],
    ['192.168.1.10/32', '192.168.1.10'],
    ['192.168.1.10/31', '192.168.1.10/31'],
    ['203.0.0.0/8', '203.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:0db8::/32', '2001:db8::/32'],
    ['2001:DB8::A/127', '2001:db8::a/127'],
    ['2001:db8::1/128', '2001:db8::1'],
    ['0:0:0:0:0:0:0:0/0', '::/0'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:a00:0/104', '10.0.0.0/8'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1/128', '10.0.0.1'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['0:0:0:0:0:FFFF:0.0.0.0/96', '0.0.0.0/0'],
  ])('reads %s and writes it as %s', (text, canonical) => {
    expect(IpNetwork.parse(text).toString()).toBe(canonical);
  });

  it('writes the entries of a list in the order given, each network once', () => {
    expect(canonicalNetworks(['2001:0db8::/32', '::ffff:10.0.0.1', '10.0.0.1/32', '10.0.0.1', '10.0.0.0/8'])).toEqual([
      '2001:db8::/32',
      '10.0.0.1',
      '10.0.0.0/8',
    ]);
  });
});

describe('sorting networks', () => {
  it('goes by lowest address, and puts a network before those inside it', () => {
    const sorted = ['::/0', '10.0.0.0/8', '10.0.0.0/16', '10.0.0.0', '10.1.0.0/16', '200.0.0.0/8', '2001:db8::/32'];
    const networks = sorted.toReversed().map((text) => IpNetwork.parse(text));
    expect(networks.sort((a, b) => a.compareTo(b)).map(String)).toEqual(sorted);
  });
});

describe('telling IPv4 and IPv6 apart', () => {
  it.each(['::/0', '::/1', '::/64', '::/80'])('keeps %s to IPv6, although the mapped range lies in it', (text) => {
    const network = IpNetwork.parse(text);
    expect(network.contains(address('::1'))).toBe(true);
    expect(network.contains(address('10.0.0.1'))).toBe(false);
    expect(network.contains(address('::ffff:10.0.0.1'))).toBe(false);
    expect(network.covers(IpNetwork.parse('10.0.0.1'))).toBe(false);
    expect(network.covers(IpNetwork.parse('::ffff:10.0.0.0/104'))).toBe(false);
  });

  it.each(['::/81', '::/95', '::/96', '::fffe:0:0/96', '::ffff:0:0:0/95', '1:0:0:0:0:fffe::/95'])(
    'takes %s for IPv6: the mapped range is not in it',
    (text) => {
      expect(IpNetwork.parse(text).contains(address('10.0.0.1'))).toBe(false);
    },
  );

  it('keeps 0.0.0.0/0 to IPv4, and lets a mapped caller in', () => {
    const network = IpNetwork.parse('0.0.0.0/0');
    expect(network.contains(address('::ffff:10.0.0.1'))).toBe(true);
    expect(network.contains(address('::1'))).toBe(false);
    expect(network.contains(address('::10.0.0.1'))).toBe(false);
    expect(network.covers(IpNetwork.parse('::/0'))).toBe(false);
  });

  it.each([
    '::ffff:0.0.0.0/90',
    '::ffff:0:0/95',
    '::ffff:0:0/0',
    '::ffff:10.0.0.0/8',
    '::fffe:0:0/95',
    '::ffc0:0:0/90',
    '::8000:0:0/81',
    '::fffe:1:0/95',
  ])('refuses %s, which straddles both', (text) => {
    expect(explanationOf(text)).toMatch(/IPv4-mapped and other IPv6 addresses at once: write .*10\.0\.0\.0\/8/);
  });
});

describe('refusing what is not a network', () => {
  it.each([
    ['10.0.0.5/24', '10.0.0.0/24', '10.0.0.5'],
    ['10.0.0.5/0', '0.0.0.0/0', '10.0.0.5'],
    ['10.0.0.1/31', '10.0.0.0/31', '10.0.0.1'],
    ['::ffff:10.0.0.5/120', '10.0.0.0/24', '10.0.0.5'],
    ['2001:DB8::1/64', '2001:db8::/64', '2001:db8::1'],
    ['2001:db8::1/127', '2001:db8::/127', '2001:db8::1'],
    ['::1/0', '::/0', '::1'],
  ])('offers both readings of %s, whose host bits are set', (text, network, single) => {
    expect(explanationOf(text)).toContain(
      `write ${network} for the whole network or ${single} for the single address.`,
    );
    expect(IpNetwork.parse(network).contains(address(single))).toBe(true);
  });

  it.each([
    ['', 'empty'],
    [' 10.0.0.1', 'white space'],
    ['10.0.0.1, 10.0.0.2', 'white space'],
    ['10.0.0.1\n', 'white space'],
    ['010.0.0.1', 'must not start with 0'],
    ['10.0.0.08/32', 'must not start with 0'],
    ['::ffff:010.0.0.1', 'must not start with 0'],
    ['10.1', 'four decimal numbers'],
    ['167772161', 'four decimal numbers'],
    ['10.0.0.256', 'from 0 to 255'],
    ['0x0a.0.0.1', 'hexadecimal'],
    ['0x0a000001', 'hexadecimal'],
    ['10.0.0.0/33', 'at most 32'],
    ['10.0.0.0/104', 'at most 32'],
    ['::/129', 'at most 128'],
    ['::ffff:10.0.0.0/129', 'at most 128'],
    ['::/1000', 'prefix length'],
    ['10.0.0.0/', 'prefix length'],
    ['10.0.0.0/08', 'prefix length'],
    ['10.0.0.0/+8', 'prefix length'],
    ['10.0.0.0/-8', 'prefix length'],
    ['10.0.0.0/8.0', 'prefix length'],
    ['10.0.0.0/8/8', 'prefix length'],
    ['10.0.0.0/255.0.0.0', 'netmask'],
    ['10.0.0.1:80', 'a port'],
    ['10.0.0.1:80/32', 'a port'],
    ['[2001:db8::1]:443', 'no brackets and no port'],
    ['[::1]', 'no brackets'],
    ['fe80::1%eth0', 'zone id'],
    ['fe80::%1/10', 'zone id'],
    ['localhost', 'host name'],
    ['api.example.com', 'host name'],
    ['localhost:80', 'host name'],
    ['bücher.example', 'host name'],
    ['10.0.0.*', 'CIDR'],
    ['10.0.0.1-10.0.0.9', 'CIDR'],
    ['1:2:3', 'eight groups'],
    ['1::2::3', 'eight groups'],
    ['2001:db8::12345/64', 'eight groups'],
    ['::10.0.0', 'eight groups'],
    ['!', 'IPv4 or IPv6'],
    ['x'.repeat(50), 'longer than 49'],
    ['0'.repeat(1e6), 'longer than 49'],
  ])('says of %j what is wrong: %s', (text, part) => {
    expect(explanationOf(text)).toContain(part);
  });

  it('says it in one sentence that never repeats a text it could not read', () => {
    const texts = [
      'sk_live_hunter2',
      'hunter2/8',
      '10.0.0.0/hunter2',
      '::hunter2',
      'fe80::1%hunter2',
      'hunter2'.repeat(20),
    ];
    for (const text of texts) {
      expect(explanationOf(text)).toMatch(/^[A-Z][^\n]*[^.]\.$/);
      expect(explanationOf(text)).not.toContain('hunter2');
    }
  });
});

function address(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  if (parsed === null) {
    throw new TypeError(`the test needs an address: ${text}`);
  }
  return parsed;
}

function explanationOf(text: string): string {
  try {
    return `accepted as ${IpNetwork.parse(text).toString()}`;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidIpNetworkError);
    return (error as InvalidIpNetworkError).message;
  }
}
