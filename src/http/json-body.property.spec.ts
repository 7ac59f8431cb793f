import fc from 'fast-check';
import { InvalidInputError } from '../common/domain-error.js';
import { parseJsonObject } from './json-body.js';
import { measureJson } from './json-scan.js';

/** JSON as a tree that keeps what JSON.parse drops: several members of one name. */
type Tree =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bare'; readonly text: string }
  | { readonly kind: 'array'; readonly entries: readonly Tree[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] };

interface Member {
  readonly name: string;
  /** Whether the name is written with every character escaped. */
  readonly escaped: boolean;
  readonly value: Tree;
}

const LIMITS = { bytes: 1_000_000, names: 100_000, values: 100_000 };
/** Few, so that they collide; with everything in them that a scan could mistake for structure. */
const NAMES = ['scopes', 'label', 'a', '', '"', '\\', '\\"', ':', '{"a":1}', 'sc\u006fpes', '\u{1f511}', ']', ',', '1'];
const TEXTS = [...NAMES, '\\\\', '\\\\"', '": "', '[{', 'x'.repeat(50)];
const SPACES = fc.constantFrom('', ' ', '\n', '\t \r\n');

const { tree } = fc.letrec<{ tree: Tree; object: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.record({ kind: fc.constant('text' as const), text: fc.constantFrom(...TEXTS) }),
    fc.record({ kind: fc.constant('bare' as const), text: fc.constantFrom('1', '-1.5e3', 'true', 'false', 'null') }),
    fc.record({ kind: fc.constant('array' as const), entries: fc.array(tie('tree'), { maxLength: 4 }) }),
    tie('object'),
  ),
  object: fc.record({ kind: fc.constant('object' as const), members: membersOf(tie('tree')) }),
}));

function membersOf(value: fc.Arbitrary<Tree>): fc.Arbitrary<Member[]> {
  return fc.array(fc.record({ name: fc.constantFrom(...NAMES), escaped: fc.boolean(), value }), { maxLength: 5 });
}

function written(value: Tree, space: string): string {
  switch (value.kind) {
    case 'text':
      return JSON.stringify(value.text);
    case 'bare':
      return value.text;
    case 'array':
      return `[${space}${value.entries.map((entry) => written(entry, space)).join(`${space},${space}`)}${space}]`;
    case 'object':
      return `{${space}${value.members.map((member) => memberText(member, space)).join(`${space},${space}`)}${space}}`;
  }
}

function memberText({ name, escaped, value }: Member, space: string): string {
  const text = escaped
    ? `"${name.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
    : JSON.stringify(name);
  return `${text}${space}:${space}${written(value, space)}`;
}

/** The other implementation: walks the tree, on which nothing has been dropped yet. */
function repeatedPaths(value: Tree, path = ''): string[] {
  if (value.kind === 'array') {
    return value.entries.flatMap((entry, place) => repeatedPaths(entry, `${path}${place}.`));
  }
  if (value.kind !== 'object') {
    return [];
  }
  return value.members.flatMap(({ name, value: below }, place) => [
    ...(value.members.slice(0, place).some((other) => other.name === name) ? [`${path}${name}`] : []),
    ...repeatedPaths(below, `${path}${name}.`),
  ]);
}

function countNames(value: Tree): number {
  if (value.kind === 'array') {
    return value.entries.reduce((sum, entry) => sum + countNames(entry), 0);
  }
  return value.kind === 'object' ? value.members.reduce((sum, { value: below }) => sum + 1 + countNames(below), 0) : 0;
}

function countValues(value: Tree): number {
  if (value.kind === 'array') {
    return value.entries.reduce((sum, entry) => sum + 1 + countValues(entry), 0);
  }
  return value.kind === 'object' ? value.members.reduce((sum, { value: below }) => sum + 1 + countValues(below), 0) : 0;
}

describe('a JSON body', () => {
  const object = fc.record({ kind: fc.constant('object' as const), members: membersOf(tree) });

  it('is taken as JSON.parse reads it when every name is there once, and refused by the paths of those that are not', () => {
    fc.assert(
      fc.property(object, SPACES, (value, space) => {
        const text = written(value, space);
        const repeated = [...new Set(repeatedPaths(value))];
        const outcome = outcomeOf(text);
        if (repeated.length === 0) {
          expect(outcome).toEqual(JSON.parse(text));
        } else {
          expect(outcome).toBeInstanceOf(InvalidInputError);
          const { fields } = outcome as InvalidInputError;
          // The first ten of those that are picked: a path that is repeated three times counts
          // twice.
          expect(repeated).toEqual(expect.arrayContaining(Object.keys(fields ?? {})));
          expect(Object.keys(fields ?? {}).length).toBeGreaterThan(0);
          if (repeatedPaths(value).length <= 10) {
            expect(Object.keys(fields ?? {}).sort()).toEqual(repeated.sort());
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('is counted without being parsed: its names exactly, its values never too few, and never more than its containers too many', () => {
    fc.assert(
      fc.property(object, SPACES, (value, space) => {
        const text = written(value, space);
        const { names, values } = measureJson(text, LIMITS);
        expect(names).toBe(countNames(value));
        const wanted = countValues(value);
        expect(values).toBeGreaterThanOrEqual(wanted);
        // Each container may count as one more: there are no more of them than there are values and
        // the body itself.
        expect(values).toBeLessThanOrEqual(2 * wanted + 1);
      }),
      { numRuns: 3_000 },
    );
  });

  it('may be any bytes: what is not an object in JSON is refused, and nothing else happens', () => {
    const pieces = fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', 'a', ' ', '1', '\u{1f511}', '"a":');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.integer({ min: 0, max: 5 }), (chosen, most) => {
        const text = chosen.join('');
        const outcome = outcomeOf(text, { bytes: 1_000, names: most, values: most });
        if (!(outcome instanceof Error)) {
          expect(outcome).toEqual(JSON.parse(text));
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

function outcomeOf(text: string, limits = LIMITS): unknown {
  try {
    return parseJsonObject(Buffer.from(text), limits);
  } catch (error) {
    return error;
  }
}
