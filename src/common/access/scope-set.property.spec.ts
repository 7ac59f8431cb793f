import fc from 'fast-check';
import { ScopeCatalogue } from './scope-set.js';

describe.each([1, 31, 32, 33, 64, 65, 1_024])('a set of scopes over a catalogue of %d', (size) => {
  const names = Array.from({ length: size }, (_, place) => `scope.${place}`);
  const catalogue = new ScopeCatalogue(names);
  const subset = fc.subarray(names);
  const runs = { numRuns: size > 100 ? 200 : 1_000 };

  it('has each scope apart from every other', () => {
    const sets = names.map((name) => catalogue.setOf([name]));
    expect(sets.map((set) => set.names())).toEqual(names.map((name) => [name]));
    const [first = catalogue.none, ...others] = sets;
    expect(others.filter((other) => other.isSubsetOf(first))).toEqual([]);
  });

  it('gives back what it was made of, each once and in the order of the catalogue', () => {
    fc.assert(
      fc.property(subset, fc.nat(), (chosen, by) => {
        const turn = by % (chosen.length + 1);
        const shuffled = [...chosen.slice(turn), ...chosen, ...chosen.slice(0, turn)];
        expect(catalogue.setOf(shuffled).names()).toEqual(chosen);
      }),
      runs,
    );
  });

  it('is a subset, lacks and unites what a Set<string> does', () => {
    fc.assert(
      fc.property(subset, subset, (a, b) => {
        const [first, second] = [catalogue.setOf(a), catalogue.setOf(b)];
        const lacking = a.filter((name) => !new Set(b).has(name));
        const united = new Set([...a, ...b]);
        expect(first.isSubsetOf(second)).toBe(lacking.length === 0);
        expect(first.without(second).names()).toEqual(lacking);
        expect(first.without(second).isEmpty).toBe(lacking.length === 0);
        expect(first.union(second).names()).toEqual(names.filter((name) => united.has(name)));
      }),
      runs,
    );
  });

  it('lies between the empty set and the whole', () => {
    fc.assert(
      fc.property(subset, (chosen) => {
        const set = catalogue.setOf(chosen);
        expect([catalogue.none.isSubsetOf(set), set.isSubsetOf(catalogue.all), set.isEmpty]).toEqual([
          true,
          true,
          chosen.length === 0,
        ]);
      }),
      runs,
    );
  });

  it('grants nothing for a name that the catalogue lacks', () => {
    expect(catalogue.setOf(['scope.unknown', '__proto__']).isEmpty).toBe(true);
    expect(catalogue.setOf(['scope.unknown']).isEmpty).toBe(true);
    expect(['scope.unknown', '__proto__', 'constructor', 1, null].filter((value) => catalogue.has(value))).toEqual([]);
  });
});

describe('a catalogue of scopes', () => {
  it('refuses a scope that is listed twice', () => {
    expect(() => new ScopeCatalogue(['a', 'b', 'a'])).toThrow(TypeError);
  });

  it('compares no sets of different catalogues', () => {
    const [one, other] = [new ScopeCatalogue(['a', 'b']), new ScopeCatalogue(['b', 'a'])];
    expect(() => one.all.isSubsetOf(other.all)).toThrow(TypeError);
    expect(() => one.all.without(other.all)).toThrow(TypeError);
    expect(() => one.all.union(other.all)).toThrow(TypeError);
  });
});
