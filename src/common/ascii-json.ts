declare const asciiOnly: unique symbol;

/** JSON of ASCII alone: in every encoding that is asked for it has as many bytes as characters, so nobody has to count them. */
export type AsciiJson = string & { readonly [asciiOnly]: true };

const BEYOND_ASCII = /[\u0080-\uffff]/g;

/** A value as JSON in which every character beyond ASCII is written as an escape (RFC 8259, section 7). */
export function asciiJson(value: unknown): AsciiJson {
  return JSON.stringify(value).replace(BEYOND_ASCII, escape) as AsciiJson;
}

function escape(codeUnit: string): string {
  return `\\u${codeUnit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
