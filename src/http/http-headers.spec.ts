import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { acceptsJson, mediaTypeOf, wantsNoCache } from './http-headers.js';

const JSON_TYPE = 'application/json';
const requestWith = (...values: readonly string[]) =>
  ({
    headers: values.length === 0 ? {} : { 'content-type': values.join(', ') },
    rawHeaders: ['Host', 'x', ...values.flatMap((value) => ['Content-Type', value])],
  }) as unknown as IncomingMessage;

describe('the media type of a request', () => {
  it.each([
    ['application/json', JSON_TYPE, true],
    ['Application/JSON', JSON_TYPE, true],
    [' application/json ', JSON_TYPE, true],
    ['application/json;', JSON_TYPE, true],
    ['application/json ; ;; charset=utf-8;', JSON_TYPE, true],
    ['application/json;charset=utf-8', JSON_TYPE, true],
    ['application/json; charset=UTF8', JSON_TYPE, true],
    ['application/json; CHARSET="Us-Ascii"', JSON_TYPE, true],
    ['application/json; charset="ut\\f-8"', JSON_TYPE, true],
    ['application/json; x="; charset=utf-16"', JSON_TYPE, true],
    ['application/json; x="\\"; charset=utf-16"', JSON_TYPE, true],
    ['application/json; version=1; boundary=y', JSON_TYPE, true],
    ['application/json; charset=utf-16', JSON_TYPE, false],
    ['application/json; charset=iso-8859-1', JSON_TYPE, false],
    ['application/json; charset=', JSON_TYPE, false],
    ['application/json; charset="utf-8 "', JSON_TYPE, false],
    ['application/json; charset=utf-8, text/html', JSON_TYPE, false],
    ['application/json; charset=utf-16; charset=utf-8', JSON_TYPE, false],
    ['application/json, text/html', 'application/json, text/html', true],
    ['', '', true],
    [';', '', true],
    ['json', 'json', true],
  ])('%j is read', (value, type, isUtf8) => {
    expect(mediaTypeOf(requestWith(value))).toEqual({ type, isUtf8 });
  });

  it('is empty without a header', () => {
    expect(mediaTypeOf(requestWith())).toEqual({ type: '', isUtf8: true });
  });

  it('is refused when it comes twice', () => {
    expect(() => mediaTypeOf(requestWith('application/json', 'application/json'))).toThrow('Send one Content-Type');
  });

  it('is the same whatever other parameters come, quoted or not', () => {
    const parameter = fc.record({
      name: fc.stringMatching(/^x[a-z0-9-]{0,8}$/),
      value: fc.oneof(
        fc.stringMatching(/^[A-Za-z0-9._-]{1,10}$/),
        fc.string({ maxLength: 10 }).map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`),
      ),
    });
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 5 }), fc.nat(5), (parameters, place) => {
        const all = parameters.map(({ name, value }) => `${name}=${value}`);
        all.splice(place, 0, 'charset=utf-16');
        expect(mediaTypeOf(requestWith(['application/json', ...all].join(';')))).toEqual({
          type: JSON_TYPE,
          isUtf8: false,
        });
      }),
    );
  });
});

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

describe('a Cache-Control header', () => {
  it.each([
    'no-cache',
    'No-Cache',
    ' no-cache ',
    'no-store, no-cache',
    'no-cache,max-age=0',
    'max-age=0,\tno-cache\t, no-store',
    'ext="a, b", no-cache',
    'ext="\\"", no-cache',
    'no-cache=""',
    'no-cache="set-cookie"',
    ',, no-cache',
  ])('(%j) asks for the current state', (header) => {
    expect(wantsNoCache(header)).toBe(true);
  });

  it.each([
    '',
    'no-store',
    'max-age=0',
    'no-cachet',
    'x-no-cache',
    'private="no-cache"',
    'ext="a, no-cache, b"',
    'ext="\\", no-cache, \\""',
    'ext="unterminated, no-cache',
    'no cache',
  ])('(%j) does not', (header) => {
    expect(wantsNoCache(header)).toBe(false);
  });

  it('takes linear time to read', () => {
    expect(wantsNoCache('"\\'.repeat(8_000))).toBe(false);
    expect(wantsNoCache('\\"'.repeat(8_000))).toBe(false);
  });
});
