import fc from 'fast-check';
import { characterCount, hasUnstorableCharacters, isBlank } from './text.js';

describe('text that can be stored', () => {
  it.each([
    ['a NUL', 'a\0b'],
    ['a NUL alone', '\0'],
    ['a high surrogate at the end', 'a\ud83d'],
    ['a low surrogate at the start', '\ude00a'],
    ['a pair the wrong way round', '\ude00\ud83d'],
    ['a high surrogate before a whole pair', '\ud83d\ud83d\ude00'],
  ])('does not hold %s', (_what, text) => {
    expect(hasUnstorableCharacters(text)).toBe(true);
  });

  it.each(['', 'Schlüssel', '鍵', '\u{1f511}', '👩‍👩‍👧', '\u{10ffff}', '\ufffd', 'tab\tline\n'])('may be %j', (text) => {
    expect(hasUnstorableCharacters(text)).toBe(false);
  });

  it('is exactly what comes back unchanged from UTF-8, and has no NUL', () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0xd7ff, max: 0xe000 }),
      fc.constant(0),
    );
    const property = fc.property(fc.array(unit, { maxLength: 8 }), (units) => {
      const text = String.fromCharCode(...units);
      const survives = Buffer.from(text, 'utf8').toString('utf8') === text && !units.includes(0);
      expect(hasUnstorableCharacters(text)).toBe(!survives);
    });
    fc.assert(property, { numRuns: 10_000 });
  });
});

describe('counting characters', () => {
  it.each([
    ['', 0],
    ['key', 3],
    ['ключ', 4],
    ['\u{1f511}'.repeat(255), 255],
    ['e\u0301', 2],
    ['👩‍👩‍👧', 5],
  ])('counts the code points of %j, as VARCHAR does', (text, count) => {
    expect(characterCount(text)).toBe(count);
  });

  it('agrees with the iteration over code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(characterCount(text)).toBe(Array.from(text).length);
      }),
    );
  });
});

describe('a blank text', () => {
  it.each([
    ['nothing', ''],
    ['spaces and line ends', ' \t\r\n\v\f'],
    ['no-break and wide spaces', '\u00a0\u1680\u2000\u200a\u202f\u205f\u3000\u2028\u2029\u0085'],
    ['zero-width space, byte order mark, word joiner', '\u200b\ufeff\u2060'],
    ['soft hyphen and joiners', '\u00ad\u200c\u200d\u034f'],
    ['direction marks', '\u200e\u200f\u202a\u202e\u2066\u2069\u061c'],
    ['fillers that show nothing', '\u115f\u1160\u3164\uffa0\u2800'],
    ['variation selectors and tags', '\ufe0f\u{e0100}\u{e0020}'],
    ['Mongolian vowel separator', '\u180e'],
    ['control characters', '\u0001\u007f\u009f'],
    ['annotation marks and the null notehead', '\ufff9\ufffb\u{1d159}'],
  ])('is one of %s', (_what, text) => {
    expect(isBlank(text)).toBe(true);
    expect(isBlank(` ${text}x${text} `)).toBe(false);
  });

  it.each(['0', '.', '-', '_', '鍵', '\u{1f511}', '\u0301', '\ufffd', '\u0600', '\u200b.\u200b'])(
    'is not %j',
    (text) => {
      expect(isBlank(text)).toBe(false);
    },
  );

  it('is found in linear time', () => {
    const startedAt = performance.now();
    expect(isBlank(' \u200b'.repeat(1e6))).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
