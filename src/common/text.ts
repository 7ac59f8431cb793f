import { holdsSecret } from './secret-pattern.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const OUTSIDE_BASIC_PLANE = /[\u{10000}-\u{10ffff}]/gu;
/**
 * A visible character: any but white space, control characters, characters that Unicode shows as
 * nothing (zero-width, soft hyphen, joiners, fillers, tags), and the blanks that it classifies as
 * symbols (U+2800, U+1D159) or formats (U+FFF9 to U+FFFB).
 */
const VISIBLE = /[^\p{White_Space}\p{Control}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb\u{1d159}]/u;

/**
 * Whether the text contains a NUL or an unpaired surrogate. Many programs truncate or reject a NUL.
 * A surrogate has no UTF-8 form, so the stored text would differ from the one sent.
 */
export function hasUnstorableCharacters(text: string): boolean {
  return text.includes('\0') || LONE_SURROGATE.test(text);
}

/** The number of code points, as MySQL counts them for `VARCHAR(n)` in utf8mb4. */
export function characterCount(text: string): number {
  return text.length - (text.match(OUTSIDE_BASIC_PLANE)?.length ?? 0);
}

/** Whether the text is empty, or only white space and invisible characters. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text);
}

/** Whether a text has more than `max` characters. Rejects long texts without searching them. */
export function hasMoreCharactersThan(text: string, max: number): boolean {
  // No character takes more than two units.
  return text.length > 2 * max || characterCount(text) > max;
}

/** The validation messages of texts. */
export const TEXT_MESSAGES = {
  blank: 'must contain a visible character',
  unstorable: 'must not contain a NUL character or an unpaired surrogate',
  secret: 'must not contain the secret of an API key',
} as const;

/** The validation message of a text that is too long. */
export function tooManyCharacters(max: number): string {
  return `must have at most ${max} characters`;
}

/** The first problem of a required text that is stored and shown; null if there is none. */
export function textProblem(text: string, max: number): string | null {
  if (hasMoreCharactersThan(text, max)) {
    return tooManyCharacters(max);
  }
  if (hasUnstorableCharacters(text)) {
    return TEXT_MESSAGES.unstorable;
  }
  if (isBlank(text)) {
    return TEXT_MESSAGES.blank;
  }
  return holdsSecret(text) ? TEXT_MESSAGES.secret : null;
}
