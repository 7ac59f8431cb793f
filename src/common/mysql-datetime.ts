declare const mysqlDateTime: unique symbol;

/**
 * A moment in UTC, to the second, as MySQL's `DATETIME` writes it: `YYYY-MM-DD HH:MM:SS`. Always 19
 * characters, digits at fixed places, largest unit first: so `<`, `===` and sorting on the text are
 * those of the moments.
 */
export type MysqlDateTime = string & { readonly [mysqlDateTime]: true };

const FORM = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
/** What `DATETIME` can hold: years 1000 to 9999. */
const EARLIEST_MS = Date.UTC(1000, 0, 1);
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * The text as a moment, or null when it is not exactly `YYYY-MM-DD HH:MM:SS` or names no moment of
 * the calendar: no 30 February, no 24:00:00, no leap second, no year before 1000.
 */
export function parseMysqlDateTime(text: string): MysqlDateTime | null {
  // Date.UTC carries what is too large over into the next unit: a real moment is one that comes
  // back as it went in.
  return FORM.test(text) && text >= '1000' && format(fieldsToMs(text)) === text ? (text as MysqlDateTime) : null;
}

/**
 * The moment of a `Date`. The fraction of the second is cut off, never rounded up into the future
 * as MySQL would. Throws a RangeError on an invalid date and outside the years 1000 to 9999.
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

// Never Date.parse: a text without a zone would be read in the machine's own.
function fieldsToMs(text: string): number {
  const field = (start: number, end: number): number => Number(text.slice(start, end));
  return Date.UTC(field(0, 4), field(5, 7) - 1, field(8, 10), field(11, 13), field(14, 16), field(17, 19));
}
