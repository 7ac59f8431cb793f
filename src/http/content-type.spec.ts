import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { mediaTypeOf } from './content-type.js';

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
