import fc from 'fast-check';
import { acceptsJson } from './accept.js';

describe('an Accept header', () => {
  it.each([
    '',
    ' ',
    ', ,',
    '*/*',
    'application/*',
    'application/json',
    'APPLICATION/Json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json;v="a, text/html;q=0"',
    'application/json;v="\\"";q=0.5',
    'application/json;odata=verbose;q=0.1',
    'application/json ; q=0.001',
    'application/json;Q=1',
    'application/json;q=high',
    'application/json;',
    'application/json;;q=1',
    '*/*;q=0.1',
    'application/*;q=0, application/json',
    '*/*;q=0,application/*;q=0.2',
    'text/html, application/json;q=0.1',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
    'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
    'application/json;v=1;q=0, application/json;v=2',
  ])('(%j) allows JSON', (accept) => {
    expect(acceptsJson(accept)).toBe(true);
  });

  it.each([
    'text/html',
    'json',
    'application',
    'application/json5',
    'application/problem+json',
    'application/*+json',
    'application/json;q=0',
    'application/json;q=0.000',
    'application/json; q="0"',
    'application/json;charset=utf-8;q=0',
    'application/json;q=0, */*',
    '*/*, application/json;q=0',
    'application/*;q=0, */*;q=1',
    '*/*;q=0',
    'text/*, image/*',
    'text/html;x="application/json"',
    'text/html;x=", application/json, "',
    'text/html;x="unterminated, application/json',
    'application /json',
  ])('(%j) refuses JSON', (accept) => {
    expect(acceptsJson(accept)).toBe(false);
  });

  it('means the same in any order, and with any other ranges and parameters', () => {
    const range = fc.constantFrom('application/json', 'application/*', '*/*', 'text/html', 'application/xml');
    const parameter = fc.constantFrom('', ';charset=utf-8', ';x="a, b"', '; v=1 ');
    const weight = fc.constantFrom('', ';q=0', ';q=0.5', ';q=1.000', '; q=0.0');
    const element = fc.record({ range, parameter, weight });
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), fc.nat(), (elements, seed) => {
        const weights = (wanted: string) =>
          elements.filter((each) => each.range === wanted).map((each) => !/q=0(?:\.0)?$/.test(each.weight));
        const deciding = ['application/json', 'application/*', '*/*'].map(weights).find(({ length }) => length > 0);
        const turned = [...elements.slice(seed % elements.length), ...elements.slice(0, seed % elements.length)];
        const header = turned.map((each) => `${each.range}${each.parameter}${each.weight}`).join(', ');
        expect([header, acceptsJson(header)]).toEqual([header, deciding?.includes(true) ?? false]);
      }),
    );
  });
});
