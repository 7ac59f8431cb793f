/**
 * Characters that a terminal interprets or hides: control characters other than the
 * line feed, format characters (such as bidirectional controls and zero-width characters), and
 * separators of lines and paragraphs.
 */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Writes such characters as `\u` escapes, one for each UTF-16 code unit. In JSON they stand in
 * strings only, so that the text stays JSON of the same value; in other text they become visible.
 */
export function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, place) => escapeUnit(character.charCodeAt(place))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
