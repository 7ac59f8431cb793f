import { LOG_FORMATS, type LogFormat, LOG_LEVELS } from '../config/config.js';
import { createLogger } from './logger.js';

const BODY = `${'0'.repeat(20)}aZ9${'x'.repeat(38)}`;
const SECRETS = [`sk_live_${BODY}`, `sk_test_${BODY}`];

function loggerOf(logFormat: LogFormat) {
  const lines: string[] = [];
  const logger = createLogger({ logLevel: 'trace', logFormat }, { write: (line) => lines.push(line) });
  return { logger, lines, text: () => lines.join('') };
}

describe.each(LOG_FORMATS)('the log in the format %s', (format) => {
  it.each(LOG_LEVELS)('keeps no more of a secret than its prefix, at the level %s', (level) => {
    const { logger, text } = loggerOf(format);
    for (const secret of SECRETS) {
      logger[level]({ field: secret, [secret]: 'as a key', nested: { list: [secret] } }, `in a sentence: ${secret}.`);
    }
    expect(text()).not.toContain(BODY);
    expect(text()).toContain('sk_live_[redacted]');
    expect(text()).toContain('sk_test_[redacted]');
  });

  it('finds a secret in the causes of an error, however deep, and in their stacks', () => {
    const { logger, text } = loggerOf(format);
    const inner = new Error(`rejected ${SECRETS[0] ?? ''}`);
    inner.stack = `Error: x\n    at lookUp (${SECRETS[1] ?? ''}:1:1)`;
    const error = new Error('outer', { cause: new Error('middle', { cause: new AggregateError([inner], 'several') }) });
    logger.error({ err: error }, 'it failed');
    logger.error(error);
    expect(text()).toContain('middle');
    expect(text()).toContain('several');
    expect(text()).toContain('lookUp');
    expect(text()).not.toContain(BODY);
  });

  it.each(['\n', '\t', '"', '\\', '\u0000', '\u001b', '\b', '/', 'x', '_', '\ud800'])(
    'finds a secret right after and right before %j, which JSON writes in its own way',
    (neighbour) => {
      const { logger, text } = loggerOf(format);
      logger.info(
        { body: JSON.stringify({ token: `${neighbour}${SECRETS[0] ?? ''}${neighbour}` }) },
        `a${neighbour}${SECRETS[1] ?? ''}${neighbour}`,
      );
      expect(text()).not.toContain(BODY.slice(0, 30));
    },
  );

  it('finds every secret of a line', () => {
    const { logger, text } = loggerOf(format);
    logger.info(`${SECRETS.join(' ')} ${SECRETS.join('')}`);
    expect(text()).not.toContain(BODY);
  });

  it('shows nothing that a database driver hangs on its errors besides code, number, state and message', () => {
    const { logger, text } = loggerOf(format);
    const driver = Object.assign(new Error('Duplicate entry'), {
      code: 'ER_DUP_ENTRY',
      errno: 1062,
      sqlState: '23000',
      sql: 'INSERT hidden',
    });
    const error = Object.assign(new Error('Query failed', { cause: driver }), {
      query: 'INSERT hidden',
      parameters: ['hidden'],
      driverError: driver,
    });
    logger.error({ err: error }, 'it failed');
    expect(text()).not.toContain('hidden');
    expect(text()).toContain('ER_DUP_ENTRY');
    expect(text()).toContain('1062');
    expect(text()).toContain('23000');
  });
});

describe('the log', () => {
  it('is one JSON object a line, with the level by name and the time in UTC', () => {
    const { logger, lines } = loggerOf('json');
    logger.warn({ answer: 42 }, 'a sentence\nof two lines');
    expect(lines).toHaveLength(1);
    const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(entry).toMatchObject({ level: 'warn', answer: 42, msg: 'a sentence\nof two lines' });
    expect(entry.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('makes the same line of plain fields, whichever way they come', () => {
    const { logger, lines } = loggerOf('json');
    const fields = { text: 'a "quoted"\nline', count: 1.5, no: null, yes: true, missing: undefined };
    logger.info(fields, 'request');
    logger.plain('info', fields, 'request');
    const withoutTime = lines.map((line) => line.replace(/"time":"[^"]+"/, ''));
    expect(withoutTime).toHaveLength(2);
    expect(new Set(withoutTime).size).toBe(1);
  });

  it('writes a line without any plain field, and a sentence that JSON escapes', () => {
    const { logger, lines } = loggerOf('json');
    logger.plain('info', {}, 'a "sentence"\n');
    logger.plain('info', { missing: undefined }, 'a "sentence"\n');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'a "sentence"\n',
      'a "sentence"\n',
    ]);
  });

  it('leaves plain fields out below its level', () => {
    const { logger, lines } = loggerOf('json');
    logger.level = 'info';
    logger.plain('debug', { a: 1 }, 'request');
    expect(lines).toEqual([]);
  });

  it('is for reading in the format pretty: time, level and sentence, no process id or host name', () => {
    const { logger, text } = loggerOf('pretty');
    logger.info('ready');
    expect(text()).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\].*INFO.*: .*ready.*\n$/);
    expect(text()).not.toContain('hostname');
  });

  it('ends a chain of causes that bites its tail', () => {
    const { logger, lines } = loggerOf('json');
    const error: Error & { cause?: unknown } = new Error('ring');
    error.cause = error;
    logger.error({ err: error }, 'it failed');
    expect(lines).toHaveLength(1);
  });

  it('describes what was thrown although it is no Error, without showing what is inside', () => {
    const { logger, text } = loggerOf('json');
    logger.error({ err: { password: 'hidden' } }, 'it failed');
    logger.error({ err: 'a text' }, 'it failed');
    expect(text()).not.toContain('hidden');
    expect(text()).toContain('a text');
  });
});
