import fc from 'fast-check';
import { SCOPES, type Scope } from '../common/access/scope.js';
import { parseIpAddress } from '../common/net/ip-address.js';
import { IpNetwork } from '../common/net/ip-network.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { findExcess, type Authority } from './containment.js';

/** A key as the naive model sees it: sets of what it may do, written out. */
interface ModelKey {
  scopes: Scope[];
  networks: string[];
  expiresAt: string | null;
}

const scopes = fc.subarray(SCOPES.slice(0, 5), { minLength: 1 });
const networks = fc.subarray([
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '192.0.2.0/24',
  '::/0',
  '2001:db8::/32',
  '2001:db8::1',
]);
const expiresAt = fc.constantFrom(null, '2030-01-01 00:00:00', '2031-01-01 00:00:00', '2032-01-01 00:00:00');
const modelKey = fc.record({ scopes, networks, expiresAt });
const SAMPLES = [
  '10.0.0.1',
  '10.1.0.1',
  '10.1.2.3',
  '192.0.2.9',
  '203.0.113.1',
  '::1',
  '2001:db8::1',
  '2001:db8::2',
  '2002::1',
];
const MOMENTS = ['2029-01-01 00:00:00', '2030-06-01 00:00:00', '2031-06-01 00:00:00', '2033-01-01 00:00:00'];

function authority(key: ModelKey): Authority {
  return {
    scopes: key.scopes,
    networks: key.networks.map((text) => IpNetwork.parse(text)),
    expiresAt: key.expiresAt as MysqlDateTime | null,
  };
}

/**
 * Everything a key can do, written out as (scope, address, moment): what "stronger" means, without
 * any rule of ours.
 */
function powers(key: ModelKey): Set<string> {
  const addresses = SAMPLES.filter(
    (sample) =>
      key.networks.length === 0 ||
      key.networks.some((text) => {
        const address = parseIpAddress(sample);
        return address !== null && IpNetwork.parse(text).contains(address);
      }),
  );
  const moments = MOMENTS.filter((moment) => key.expiresAt === null || moment < key.expiresAt);
  return new Set(
    key.scopes.flatMap((scope) =>
      addresses.flatMap((address) => moments.map((moment) => `${scope} ${address} ${moment}`)),
    ),
  );
}

describe('the rule that no key makes a stronger key', () => {
  it('lets through nothing that the parent could not do itself', () => {
    fc.assert(
      fc.property(modelKey, modelKey, (parent, child) => {
        if (findExcess({ of: authority(child), over: authority(parent) }) === null) {
          const had = powers(parent);
          expect([...powers(child)].filter((power) => !had.has(power))).toEqual([]);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('holds over any sequence of creates and updates: no key gains what its maker did not have at that moment', () => {
    const step = fc.record({ by: fc.nat(9), target: fc.nat(9), create: fc.boolean(), wanted: modelKey });
    fc.assert(
      fc.property(modelKey, fc.array(step, { maxLength: 30 }), (root, steps) => {
        const keys: ModelKey[] = [root];
        for (const { by, target, create, wanted } of steps) {
          const actor = keys[by % keys.length] ?? root;
          const place = create ? keys.length : target % keys.length;
          const before = keys[place];
          const mayTouch =
            before === undefined || findExcess({ of: authority(before), over: authority(actor) }) === null;
          if (mayTouch && findExcess({ of: authority(wanted), over: authority(actor) }) === null) {
            const had = powers(actor);
            keys[place] = wanted;
            expect([...powers(wanted)].filter((power) => !had.has(power))).toEqual([]);
          }
        }
        const rootPowers = powers(root);
        expect(keys.flatMap((key) => [...powers(key)]).filter((power) => !rootPowers.has(power))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('accepts every key that has less or the same', () => {
    fc.assert(
      fc.property(modelKey, (key) => {
        expect(findExcess({ of: authority(key), over: authority(key) })).toBeNull();
      }),
    );
  });

  it('counts a stored scope that the catalogue lacks', () => {
    const ofKey = (scopes: readonly string[]): Authority => ({ scopes, networks: [], expiresAt: null });
    const excess = findExcess({ of: ofKey(['rockets.launch']), over: ofKey([...SCOPES]) });
    expect(excess).toMatchObject({ scopes: ['rockets.launch'] });
    expect(findExcess({ of: ofKey(['rockets.launch']), over: ofKey(['rockets.launch']) })).toBeNull();
  });

  it('names what exceeds', () => {
    const parent = authority({ scopes: ['invoices.read'], networks: ['10.0.0.0/8'], expiresAt: '2030-01-01 00:00:00' });
    const child = authority({
      scopes: ['invoices.read', 'users.update'],
      networks: ['10.2.0.0/16', '10.0.0.0/7'],
      expiresAt: null,
    });
    expect(findExcess({ of: child, over: parent })).toEqual({
      scopes: ['users.update'],
      networks: ['10.0.0.0/7'],
      anyAddress: false,
      expiry: true,
    });
    expect(findExcess({ of: { ...child, networks: [] }, over: parent })).toMatchObject({ anyAddress: true });
  });
});
