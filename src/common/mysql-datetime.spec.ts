import fc from 'fast-check';
import { mysqlDateTimeToMs, parseMysqlDateTime, toMysqlDateTime, type MysqlDateTime } from './mysql-datetime.js';

const EARLIEST_MS = Date.UTC(1000, 0, 1);
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const moment = fc.integer({ min: EARLIEST_MS, max: LATEST_MS });

describe('reading a DATETIME', () => {
  it.each([
    '1000-01-01 00:00:00',
    '9999-12-31 23:59:59',
    '2024-02-29 12:00:00',
    '2000-02-29 00:00:00',
    '1970-01-01 00:00:00',
  ])('accepts %s', (text) => {
    expect(parseMysqlDateTime(text)).toBe(text);
  });

  // The hours that clocks skip in New York and Berlin, and the day that Samoa skipped: all real in
  // UTC.
  it.each(['2026-03-08 02:30:00', '2026-03-29 02:30:00', '2011-12-30 12:00:00'])(
    'accepts %s, whatever the local zone',
    (text) => {
      expect(parseMysqlDateTime(text)).toBe(text);
      expect(toMysqlDateTime(new Date(`${text.replace(' ', 'T')}Z`))).toBe(text);
    },
  );

  it.each([
    ['a day that does not exist', '2026-02-30 00:00:00'],
    ['29 February of a common year', '2026-02-29 00:00:00'],
    ['29 February 1900', '1900-02-29 00:00:00'],
    ['31 April', '2026-04-31 00:00:00'],
    ['month 13', '2026-13-01 00:00:00'],
    ['month 0', '2026-00-01 00:00:00'],
    ['day 0', '2026-01-00 00:00:00'],
    ['24:00:00', '2026-01-01 24:00:00'],
    ['minute 60', '2026-01-01 00:60:00'],
    ['a leap second', '2016-12-31 23:59:60'],
    ['the zero date', '0000-00-00 00:00:00'],
    ['a year before 1000', '0999-12-31 23:59:59'],
    ['a year that Date.UTC would move to the 20th century', '0026-01-01 00:00:00'],
    ['a T', '2026-01-01T00:00:00'],
    ['a Z', '2026-01-01 00:00:00Z'],
    ['an offset', '2026-01-01 00:00:00+00:00'],
    ['a fraction', '2026-01-01 00:00:00.000'],
    ['a date alone', '2026-01-01'],
    ['a short field', '2026-1-01 00:00:00'],
    ['a sign', '+026-01-01 00:00:00'],
    ['white space around', ' 2026-01-01 00:00:00'],
    ['a line end', '2026-01-01 00:00:00\n'],
    ['two spaces', '2026-01-01  0:00:00'],
    ['other digits than ASCII', '２026-01-01 00:00:00'],
    ['five digits of year', '10000-01-01 00:00:00'],
    ['nothing', ''],
    ['a megabyte', '2026-01-01 00:00:00'.repeat(60_000)],
  ])('refuses %s', (_fault, text) => {
    expect(parseMysqlDateTime(text)).toBeNull();
  });

  it('accepts exactly the texts whose fields make a date of the Gregorian calendar', () => {
    const field = (max: number) => fc.integer({ min: 0, max });
    const year = fc.oneof(field(9999), fc.constantFrom(999, 1000, 1900, 2000, 2024, 2100, 9999));
    const property = fc.property(year, field(14), field(33), field(25), field(61), field(61), (y, mo, d, h, mi, s) => {
      const date = [String(y).padStart(4, '0'), ...[mo, d].map(twoDigits)].join('-');
      const text = `${date} ${[h, mi, s].map(twoDigits).join(':')}`;
      const real = y >= 1000 && mo >= 1 && mo <= 12 && d >= 1 && d <= daysIn(y, mo) && h < 24 && mi < 60 && s < 60;
      expect(parseMysqlDateTime(text)).toBe(real ? text : null);
      if (real) {
        expect(mysqlDateTimeToMs(text as MysqlDateTime)).toBe(Date.UTC(y, mo - 1, d, h, mi, s));
      }
    });
    fc.assert(property, { numRuns: 20_000 });
  });
});

describe('writing a DATETIME', () => {
  it('gives back every moment, less the fraction of its second', () => {
    const property = fc.property(moment, (ms) => {
      const text = toMysqlDateTime(new Date(ms));
      expect(parseMysqlDateTime(text)).toBe(text);
      expect(mysqlDateTimeToMs(text)).toBe(Math.floor(ms / 1000) * 1000);
    });
    fc.assert(property, { numRuns: 10_000 });
  });

  it('sorts as text in the order of the moments', () => {
    const near = fc.tuple(moment, fc.integer({ min: -2000, max: 2000 })).map(([a, step]) => [a, a + step] as const);
    const inRange = near.filter(([, b]) => b >= EARLIEST_MS && b <= LATEST_MS);
    const property = fc.property(fc.oneof(inRange, fc.tuple(moment, moment)), ([a, b]) => {
      const [textA, textB] = [toMysqlDateTime(new Date(a)), toMysqlDateTime(new Date(b))];
      const [secondA, secondB] = [Math.floor(a / 1000), Math.floor(b / 1000)];
      expect([textA < textB, textA === textB]).toEqual([secondA < secondB, secondA === secondB]);
    });
    fc.assert(property, { numRuns: 10_000 });
  });

  it('cuts the last millisecond of a second off, and never rounds up', () => {
    expect(toMysqlDateTime(new Date(Date.UTC(2026, 11, 31, 23, 59, 59, 999)))).toBe('2026-12-31 23:59:59');
    expect(toMysqlDateTime(new Date(-1))).toBe('1969-12-31 23:59:59');
  });

  it.each([NaN, EARLIEST_MS - 1, LATEST_MS + 1])('throws on %d, which no DATETIME can hold', (ms) => {
    expect(() => toMysqlDateTime(new Date(ms))).toThrow(RangeError);
  });
});

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}
