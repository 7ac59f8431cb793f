declare const asciiOnly: unique symbol;

/**
 * JSON in ASCII only, so that it can be written as Latin-1.
 * perf: docs/performance.md#ascii-responses-as-latin-1
 */
export type AsciiJson = string & { readonly [asciiOnly]: true };

const BEYOND_ASCII = /[\u0080-\uffff]/g;

/**
 * A value as JSON in which every character beyond ASCII is written as an escape (RFC 8259, section
 * 7).
 */
export function asciiJson(value: unknown): AsciiJson {
  const json = JSON.stringify(value);
  const ascii = json.replace(BEYOND_ASCII, escape);
  // V8 gives the result two bytes for each character, like the text that it was made of: some are
  // kept for as long as their key.
  return (ascii.length === json.length ? ascii : Buffer.from(ascii, 'latin1').toString('latin1')) as AsciiJson;
}

function escape(codeUnit: string): string {
  return `\\u${codeUnit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
