declare const mysqlDateTime: unique symbol;

/**
 * A UTC date and time to the second, in the format of MySQL's `DATETIME`: `YYYY-MM-DD HH:MM:SS`.
 * Always 19 characters with the largest unit first, so `<`, `===` and sorting work on the text.
 */
export type MysqlDateTime = string & { readonly [mysqlDateTime]: true };

const FORM = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
/** The range of `DATETIME`: years 1000 to 9999. */
const EARLIEST_MS = Date.UTC(1000, 0, 1);
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Parses `YYYY-MM-DD HH:MM:SS`. Null for any other text and for a date or time that does not exist:
 * 30 February, 24:00:00, a leap second, a year before 1000.
 */
export function parseMysqlDateTime(text: string): MysqlDateTime | null {
  // Date.UTC carries an excess over into the next unit, so only an existing date formats to the
  // same text.
  return FORM.test(text) && text >= '1000' && format(fieldsToMs(text)) === text ? (text as MysqlDateTime) : null;
}

/**
 * Converts a `Date`. Truncates the fraction of the second, which MySQL would round up. Throws a
 * RangeError on an invalid date and outside the years 1000 to 9999.
 */
export function toMysqlDateTime(date: Date): MysqlDateTime {
  const ms = date.getTime();
  if (!(ms >= EARLIEST_MS && ms <= LATEST_MS)) {
    throw new RangeError('not a moment that a DATETIME can hold (years 1000 to 9999)');
  }
  return format(ms) as MysqlDateTime;
}

/** Milliseconds since the epoch. */
export function mysqlDateTimeToMs(value: MysqlDateTime): number {
  return fieldsToMs(value);
}

function format(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

// Not Date.parse, which reads a text without a zone in local time.
function fieldsToMs(text: string): number {
  const field = (start: number, end: number): number => Number(text.slice(start, end));
  return Date.UTC(field(0, 4), field(5, 7) - 1, field(8, 10), field(11, 13), field(14, 16), field(17, 19));
}
