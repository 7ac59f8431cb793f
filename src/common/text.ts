import { holdsSecret } from './secret-pattern.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const OUTSIDE_BASIC_PLANE = /[\u{10000}-\u{10ffff}]/gu;
/**
 * Anything that leaves a mark: all but Unicode white space, control characters, what Unicode says to show as nothing
 * (zero-width, soft hyphen, joiners, fillers, tags), and the blanks that it classes as symbols (U+2800, U+1D159) or formats (U+FFF9 to U+FFFB).
 */
const VISIBLE = /[^\p{White_Space}\p{Control}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb\u{1d159}]/u;

/**
 * Whether the text holds a NUL or a lone surrogate. The one is cut off or refused by much that handles text;
 * the other has no UTF-8 form, so what is stored would not be what was sent.
 */
export function hasUnstorableCharacters(text: string): boolean {
  return text.includes('\0') || LONE_SURROGATE.test(text);
}

/** The number of code points, as MySQL counts for `VARCHAR(n)` in utf8mb4: an emoji outside the basic plane is one. */
export function characterCount(text: string): number {
  return text.length - (text.match(OUTSIDE_BASIC_PLANE)?.length ?? 0);
}

/** Whether a reader would see nothing: empty, or only white space and invisible characters. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text);
}

/** What is wrong with a text that is to be stored and shown, and how to mend it; null when nothing is. */
export function textProblem(text: string, maxCharacters: number, mayBeBlank: boolean): string | null {
  // No character takes more than two units: a text of 100 KB is refused without being searched.
  if (text.length > 2 * maxCharacters || characterCount(text) > maxCharacters) {
    return `must have at most ${maxCharacters} characters`;
  }
  if (hasUnstorableCharacters(text)) {
    return 'must not hold a NUL character or half of a surrogate pair';
  }
  if (!mayBeBlank && isBlank(text)) {
    return `must have 1 to ${maxCharacters} characters, not all of them blank`;
  }
  // It would be stored, and shown in every list: a secret is shown once.
  return holdsSecret(text) ? 'must not hold the secret of an API key' : null;
}
