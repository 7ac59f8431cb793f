import { networks } from './trusted-networks.js';

/** All of a family in networks of one prefix length: 2 to the power of `bits` of them. */
function everyNetwork(family: 4 | 6, bits: number, count = 2 ** bits): string {
  return Array.from({ length: count }, (_, place) =>
    family === 4 ? `${place << (8 - bits)}.0.0.0/${bits}` : `${((place << (16 - bits)) >>> 0).toString(16)}::/${bits}`,
  ).join(',');
}

describe('the proxies that are trusted', () => {
  it.each([
    'none',
    '127.0.0.1',
    '::1',
    '10.0.0.0/8',
    '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,127.0.0.0/8',
    'fd00::/8',
    'fc00::/7',
    'fc00::/7,fe80::/10,::1',
    '2600:1f00::/24,2a05:d000::/25',
    '35.191.0.0/16,130.211.0.0/22',
    '103.21.244.0/22,104.16.0.0/13,172.64.0.0/13,2400:cb00::/32,2606:4700::/32',
    '3.0.0.0/8,13.0.0.0/8,18.0.0.0/8,52.0.0.0/8,54.0.0.0/8',
  ])('may be what real deployments have: %s', (value) => {
    expect(networks(value).map(String)).toEqual(value === 'none' ? [] : value.split(','));
  });

  it.each([
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['0.0.0.0/1,128.0.0.0/1', '0.0.0.0/1'],
    ['10.0.0.0/8, 64.0.0.0/2', '64.0.0.0/2'],
    ['8.0.0.0/7', '8.0.0.0/7'],
    ['::/1,8000::/1', '::/1'],
    ['2000::/3', '2000::/3'],
    ['2000::/15', '2000::/15'],
    ['fc00::/6', 'fc00::/6'],
  ])('must not be a large part of the internet: %s is refused, naming %s', (value, named) => {
    expect(() => networks(value)).toThrow(`must not contain ${named}: a large part of the internet`);
  });

  it.each([
    [4, 8],
    [6, 16],
  ] as const)('must not be a large part of it together either: IPv%i in networks of /%i', (family, bits) => {
    expect(() => networks(everyNetwork(family, bits))).toThrow(`of all IPv${family} addresses together`);
    // The greatest part that is let through: 10.0.0.0/8 does not count, nor do an inner network and
    // a repetition.
    const most = family === 4 ? 33 : 1_024;
    const greatest = everyNetwork(family, bits, most);
    const [first = ''] = greatest.split(',');
    expect(networks(`${greatest},${first},${first.replace(/\d+$/, '24')}`)).toHaveLength(most + 2);
    expect(() => networks(everyNetwork(family, bits, most + 1))).toThrow('together');
  });

  it('must be networks at all', () => {
    expect(() => networks('everybody')).toThrow('must be none or a comma-separated list');
  });
});
