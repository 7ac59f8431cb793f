import { asciiJson } from './ascii-json.js';

describe('JSON of ASCII alone', () => {
  const value = { ключ: ['é', '漢', '😀', '\u2028', '\u0000"\\', '\ud800'], plain: 'a ~', none: null, number: 1.5 };

  it('says the same, with nothing beyond ASCII in it', () => {
    const text = asciiJson(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(Buffer.byteLength(text)).toBe(text.length);
  });

  it('is the usual JSON where there is nothing to escape', () => {
    expect(asciiJson({ label: 'a "label"', scopes: [] })).toBe('{"label":"a \\"label\\"","scopes":[]}');
  });
});
