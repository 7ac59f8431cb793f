import fc from 'fast-check';
import { escapeUnseen } from './escape-unseen.js';

describe('text for a terminal', () => {
  it.each([
    ['a C0 control', '\u001b[31m', '\\u001b[31m'],
    ['DEL', '\u007f', '\\u007f'],
    ['a C1 control', '\u009b31m', '\\u009b31m'],
    ['a string terminator', '\u009c', '\\u009c'],
    ['a carriage return', 'a\rb', 'a\\u000db'],
    ['a right-to-left override', '\u202e', '\\u202e'],
    ['an isolate', '\u2066', '\\u2066'],
    ['an Arabic letter mark', '\u061c', '\\u061c'],
    ['a space of no width', '\u200b', '\\u200b'],
    ['a byte order mark', '\ufeff', '\\ufeff'],
    ['a soft hyphen', '\u00ad', '\\u00ad'],
    ['a line separator', '\u2028', '\\u2028'],
    ['a tag character, beyond the first plane', '\u{e0041}', '\\udb40\\udc41'],
  ])('shows %s as an escape', (_, text, escaped) => {
    expect(escapeUnseen(text)).toBe(escaped);
  });

  it('leaves everything that can be seen, and the ends of lines', () => {
    const text = 'Ключи & "Söhne" 🔑 עברית 日本\n  next';
    expect(escapeUnseen(text)).toBe(text);
  });

  it('keeps JSON the same value, whatever is in its strings', () => {
    const property = fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      const json = escapeUnseen(JSON.stringify({ value, text, [text]: 1 }, null, 2));
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text, [text]: 1 })));
      expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
