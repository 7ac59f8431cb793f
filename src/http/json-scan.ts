/** How many members and array entries a JSON text has, counted without parsing it. */
export interface JsonSize {
  /** Member names, repeated ones included. */
  readonly names: number;
  /** Members and array entries, plus one for each object and each array. */
  readonly values: number;
}

/**
 * A member name with its path (`requests.3.scopes`), and whether its object already has the name.
 */
export interface NamedPath {
  readonly path: string;
  readonly isRepeated: boolean;
}

/** An object or an array that the scan has entered. */
interface Frame {
  /** Names that the object has so far; null for an array. */
  readonly names: Set<string> | null;
  /** The latest name, or the index of the latest entry. */
  at: string | number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Deeper levels are left out of a path: the text need not be valid. */
const DEEPEST_PATH = 33;

/**
 * Counts in one pass, up to one more than `most`. For a text that is not JSON the counts are
 * meaningless, and as cheap.
 */
export function measureJson(text: string, most: JsonSize): JsonSize {
  const { length } = text;
  const { names: mostNames, values: mostValues } = most;
  let names = 0;
  let values = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COLON) {
      if (++names > mostNames) {
        break;
      }
    } else if (code === COMMA || code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++values > mostValues) {
        break;
      }
    }
  }
  return { names, values };
}

/** The member of the outermost object with the most values below it. Slow: for failures only. */
export function largestMember(text: string): string {
  const sizes = new Map<string, number>();
  let name = '';
  let latest = '';
  let size = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const start = at;
      at = endOfString(text, at);
      latest = depth === 1 ? text.slice(start, at + 1) : latest;
    } else if (code === COLON && depth === 1) {
      sizes.set(name, size);
      name = unquoted(latest);
      size = 0;
    } else if (code === COMMA) {
      size++;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      size++;
      depth++;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      depth--;
    }
  }
  const [[largest] = ['']] = [...sizes.set(name, size)].sort(([, a], [, b]) => b - a);
  return largest;
}

/** Every member name of a JSON text, in the order of the text. Slow: for failures only. */
export function* namesOf(text: string): Generator<NamedPath, void, undefined> {
  const frames: Frame[] = [];
  let latest = '';
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const start = at;
        at = endOfString(text, at);
        latest = text.slice(start, at + 1);
        break;
      }
      case COLON:
        yield enterMember(frames, unquoted(latest));
        break;
      case COMMA:
        enterNextEntry(frames.at(-1));
        break;
      case OPEN_BRACKET:
        frames.push({ names: null, at: 0 });
        break;
      case OPEN_BRACE:
        frames.push({ names: new Set(), at: '' });
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        frames.pop();
        break;
    }
  }
}

function enterMember(frames: readonly Frame[], name: string): NamedPath {
  const frame = frames.at(-1);
  const isRepeated = frame?.names?.has(name) === true;
  if (frame !== undefined) {
    frame.at = name;
    frame.names?.add(name);
  }
  const path = frames.slice(0, DEEPEST_PATH).map(({ at }) => at);
  return { path: path.join('.'), isRepeated };
}

function enterNextEntry(frame: Frame | undefined): void {
  if (typeof frame?.at === 'number') {
    frame.at++;
  }
}

/**
 * The index of the closing quote of the string that begins at `start`; the text's length without
 * one.
 */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end === -1 ? text.length : end;
}

/** Whether an odd number of backslashes precedes it. */
function isEscaped(text: string, place: number): boolean {
  let before = place - 1;
  while (text.charCodeAt(before) === BACKSLASH) {
    before--;
  }
  return (place - before) % 2 === 0;
}

/** The value of a JSON string; the raw text if it is not valid JSON. */
function unquoted(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal.slice(1, -1);
  }
}
