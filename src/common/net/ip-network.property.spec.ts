import fc from 'fast-check';
import { parseIpAddress } from './ip-address.js';
import { IpAllowList } from './ip-allow-list.js';
import { IpNetwork } from './ip-network.js';

/**
 * The other implementation: big integers, and not a line shared with the one under test. It lives
 * here, and makes the file long, so that it is in no build. `length` is on the family's own scale.
 */
interface Model {
  readonly version: 4 | 6;
  readonly value: bigint;
  readonly length: number;
}

const widthOf = (version: 4 | 6): number => (version === 4 ? 32 : 128);
const sizeOf = ({ version, length }: Model): bigint => 2n ** BigInt(widthOf(version) - length);
const includes = (outer: Model, inner: Model): boolean =>
  outer.version === inner.version &&
  outer.value <= inner.value &&
  inner.value + sizeOf(inner) <= outer.value + sizeOf(outer);

const octets = new Set(Array.from({ length: 256 }, (_, octet) => String(octet)));

function valueOfQuad(text: string): bigint | null {
  const quad = text.split('.');
  const wellFormed = quad.length === 4 && quad.every((part) => octets.has(part));
  return wellFormed ? quad.reduce((sum, part) => sum * 256n + BigInt(part), 0n) : null;
}

function modelOfAddress(text: string): Model | null {
  const tailAt = text.lastIndexOf(':') + 1;
  const tail = valueOfQuad(text.slice(tailAt));
  if (tailAt === 0) {
    return tail === null ? null : { version: 4, value: tail, length: 32 };
  }
  const plain =
    tail === null ? text : `${text.slice(0, tailAt)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const sides = plain.split('::').map((side) => (side === '' ? [] : side.split(':')));
  const missing = 8 - sides.flat().length;
  const wellFormed = sides.length === 1 ? missing === 0 : sides.length === 2 && missing > 0;
  if (!wellFormed || !sides.flat().every((part) => /^[0-9a-f]{1,4}$/i.test(part))) {
    return null;
  }
  const parts = [...(sides[0] ?? []), ...Array<string>(missing).fill('0'), ...(sides[1] ?? [])];
  return { version: 6, value: BigInt(`0x${parts.map((part) => part.padStart(4, '0')).join('')}`), length: 128 };
}

/** The network that a text means by the contract, or null when it must be refused. */
function modelOf(text: string): Model | null {
  const [addressText = '', ...lengths] = text.split('/');
  const address = modelOfAddress(addressText);
  const length = lengths[0] === undefined ? address?.length : Number(lengths[0]);
  if (address === null || lengths.length > 1 || length === undefined || length > address.length) {
    return null;
  }
  if (lengths[0] !== undefined && (!/^[0-9]+$/.test(lengths[0]) || String(length) !== lengths[0])) {
    return null;
  }
  const network = { ...address, length };
  const inMapped = address.version === 6 && address.value >> 32n === 0xffffn;
  const overMapped = includes(network, { version: 6, value: 0xffff_0000_0000n, length: 96 });
  const straddles = length < 96 && (inMapped || (length > 80 && overMapped));
  if (straddles || address.value % sizeOf(network) !== 0n) {
    return null;
  }
  return inMapped ? { version: 4, value: address.value & 0xffff_ffffn, length: length - 96 } : network;
}

function canonicalText({ version, value, length }: Model): string {
  const suffix = length === widthOf(version) ? '' : `/${length}`;
  if (version === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.') + suffix;
  }
  const groups = groupsOf(value);
  for (let run = 8; run >= 2; run--) {
    const start = groups.findIndex(
      (_, at) => at + run <= 8 && groups.slice(at, at + run).every((group) => group === '0'),
    );
    if (start !== -1) {
      return `${groups.slice(0, start).join(':')}::${groups.slice(start + run).join(':')}${suffix}`;
    }
  }
  return groups.join(':') + suffix;
}

function groupsOf(value: bigint): string[] {
  return Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
}

const group = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0, 0xffff, 0xfffe, 1) },
  fc.integer({ min: 0, max: 0xffff }),
);
const bits = (count: number) =>
  fc
    .array(group, { minLength: count / 16, maxLength: count / 16 })
    .map((groups) => groups.reduce((sum, next) => (sum << 16n) + BigInt(next), 0n));
const model = (version: 4 | 6, edges: number[]): fc.Arbitrary<Model> =>
  fc
    .tuple(bits(widthOf(version)), fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max: widthOf(version) })))
    .map(([value, length]) => ({ version, length, value: value - (value % sizeOf({ version, value, length })) }));
const anyModel = fc
  .oneof(model(4, [0, 1, 8, 24, 30, 31, 32]), model(6, [0, 1, 64, 80, 81, 95, 96, 97, 126, 127, 128]))
  .filter((network) => modelOf(canonicalText(network))?.version === network.version);

/**
 * One of the many spellings of a network: mapped, expanded, padded, in capitals, with a dotted
 * tail.
 */
const spelling = fc.record({ mapped: fc.boolean(), full: fc.boolean(), capitals: fc.boolean(), dotted: fc.boolean() });
type Spelling = typeof spelling extends fc.Arbitrary<infer S> ? S : never;
function spell(network: Model, how: Spelling): string {
  if (network.version === 4 && !how.mapped) {
    return canonicalText(network);
  }
  const shift = network.version === 4 ? 96 : 0;
  const value = network.version === 4 ? network.value + 0xffff_0000_0000n : network.value;
  const groups = groupsOf(value).map((text) => (how.full ? text.padStart(4, '0') : text));
  const tail = canonicalText({ version: 4, value: value & 0xffff_ffffn, length: 32 });
  const text = how.dotted
    ? `${groups.slice(0, 6).join(':')}:${tail}`
    : how.full
      ? groups.join(':')
      : canonicalText({ version: 6, value, length: 128 });
  return `${how.capitals ? text.toUpperCase() : text}/${network.length + shift}`;
}

/**
 * Networks and addresses around a network: inside, at its edges, just outside, one bit away,
 * elsewhere, of the other family.
 */
const around = fc.tuple(fc.nat(8), bits(128), fc.nat(127), fc.boolean());
type Around = typeof around extends fc.Arbitrary<infer A> ? A : never;
function neighbour(network: Model, [kind, noise, bit, single]: Around): Model {
  const [width, size] = [widthOf(network.version), sizeOf(network)];
  const boundary = network.length === 0 ? 0n : size;
  const choices = [
    network.value + (noise % size),
    network.value,
    network.value + size - 1n,
    network.value - 1n,
    network.value + size,
    network.value ^ boundary,
    network.value ^ (1n << BigInt(bit % width)),
    noise,
  ];
  const version = kind === 8 ? (network.version === 4 ? 6 : 4) : network.version;
  const value = BigInt.asUintN(widthOf(version), choices[kind] ?? network.value);
  const length = single ? widthOf(version) : Math.min(network.length + (bit % 5) - 1, widthOf(version));
  const other = { version, value, length: Math.max(length, 0) };
  const result = { ...other, value: value - (value % sizeOf(other)) };
  return modelOf(canonicalText(result))?.version === version ? result : network;
}
const single = (network: Model): Model => ({ ...network, length: widthOf(network.version) });

describe('networks, against a second implementation in big integers', () => {
  const share = (hits: number, runs: number) => Math.min(hits, runs - hits) / runs;
  const addressOf = (network: Model, how: Spelling) => {
    const address = parseIpAddress(spell(single(network), how).replace(/\/.*/, ''));
    if (address === null) {
      throw new TypeError('the generator spells addresses only');
    }
    return address;
  };

  it('contain the same addresses, in 60,000 pairs', () => {
    let hits = 0;
    const property = fc.property(anyModel, around, spelling, (network, place, how) => {
      const address = single(neighbour(network, place));
      const expected = includes(network, address);
      hits += Number(expected);
      return IpNetwork.parse(spell(network, how)).contains(addressOf(address, how)) === expected;
    });
    fc.assert(property, { numRuns: 60_000 });
    expect(share(hits, 60_000)).toBeGreaterThan(0.2);
  });

  it('cover the same networks, in 60,000 pairs', () => {
    let hits = 0;
    const property = fc.property(anyModel, around, spelling, (network, place, how) => {
      const other = neighbour(network, place);
      const [outer, inner] = place[2] % 2 === 0 ? [network, other] : [other, network];
      const expected = includes(outer, inner);
      hits += Number(expected);
      return IpNetwork.parse(spell(outer, how)).covers(IpNetwork.parse(canonicalText(inner))) === expected;
    });
    fc.assert(property, { numRuns: 60_000 });
    expect(share(hits, 60_000)).toBeGreaterThan(0.2);
  });

  it('allow the same addresses as lists of up to 100, in 80,000 pairs', () => {
    const networks = fc.array(fc.tuple(anyModel, fc.array(around, { maxLength: 3 })), { minLength: 1, maxLength: 25 });
    let hits = 0;
    const property = fc.property(
      networks,
      fc.array(fc.tuple(fc.nat(), around), { minLength: 40, maxLength: 40 }),
      spelling,
      (seeds, asked, how) => {
        const list = seeds.flatMap(([seed, places]) => [seed, ...places.map((place) => neighbour(seed, place))]);
        const compiled = IpAllowList.compile(list.map((network) => spell(network, how)));
        return asked.every(([pick, place]) => {
          const address = single(neighbour(list[pick % list.length] ?? { version: 6, value: 0n, length: 0 }, place));
          const expected = list.some((network) => includes(network, address));
          hits += Number(expected);
          return compiled.allows(addressOf(address, how)) === expected;
        });
      },
    );
    fc.assert(property, { numRuns: 2_000 });
    expect(share(hits, 80_000)).toBeGreaterThan(0.1);
  });

  it('have the same canonical text, which reads back as the same network', () => {
    const property = fc.property(anyModel, spelling, (network, how) => {
      const parsed = IpNetwork.parse(spell(network, how));
      const text = parsed.toString();
      const again = IpNetwork.parse(text);
      return text === canonicalText(network) && again.toString() === text && again.compareTo(parsed) === 0;
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it('are refused and read alike, in 60,000 texts that are networks but for a few characters', () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.constantFrom(0, 1, 1),
      fc.constantFrom(...Array.from('0123489afFgx::::../%[] \n\0-'), '', '::', '::ffff:', '/9'),
    );
    let read = 0;
    const property = fc.property(anyModel, spelling, fc.array(edit, { maxLength: 3 }), (network, how, edits) => {
      const text = edits.reduce(
        (all, [at, cut, put]) => {
          const place = at % (all.length + 1);
          return all.slice(0, place) + put + all.slice(place + cut);
        },
        spell(network, how),
      );
      const expected = modelOf(text);
      read += Number(expected !== null);
      return canonicalOrNull(text) === (expected === null ? null : canonicalText(expected));
    });
    fc.assert(property, { numRuns: 60_000 });
    expect(share(read, 60_000)).toBeGreaterThan(0.2);
  });
});

function canonicalOrNull(text: string): string | null {
  try {
    return IpNetwork.parse(text).toString();
  } catch {
    return null;
  }
}
