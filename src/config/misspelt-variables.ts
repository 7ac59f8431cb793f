import { VARIABLES } from './variables.js';

/** From this length on, a name that differs in two places is still taken for a misspelling. */
const LONG_NAME = 8;

/**
 * The variable that a name is probably meant to be: one that differs from it by a letter or two.
 * Null for the variables of Latchkey, and for names that resemble none: a file may have variables
 * for other programs.
 */
export function misspeltVariable(name: string): string | null {
  if (name in VARIABLES) {
    return null;
  }
  const isMeant = (known: string) => distance(stem(name), stem(known)) <= (known.length < LONG_NAME ? 1 : 2);
  return Object.keys(VARIABLES).find(isMeant) ?? null;
}

/**
 * A name without what is easily written in another way: case, underscores, the plural of
 * TRUST_PROXY.
 */
function stem(name: string): string {
  return name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '')
    .replace(/IES$/, 'Y');
}

/**
 * How many letters must be inserted, removed, replaced, or swapped with their neighbour (optimal
 * string alignment).
 */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
