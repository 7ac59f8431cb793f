import { Logger } from '@nestjs/common';
import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';

function capture(logLevel: 'trace' | 'warn' = 'trace') {
  const lines: string[] = [];
  const nestLogger = new NestLogger(
    createLogger({ logLevel, logFormat: 'json' }, { write: (line) => lines.push(line) }),
  );
  return { nestLogger, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("Nest's Logger, used in a service", () => {
  it('writes to the structured log, with the class that logs', () => {
    const { nestLogger, entries } = capture();
    Logger.overrideLogger(nestLogger);
    const logger = new Logger('KeysService');
    logger.log('started');
    logger.error('it failed', new Error('inner', { cause: new Error('root') }));
    Logger.overrideLogger(false);
    expect(entries()).toMatchObject([
      { level: 'info', msg: 'started', context: 'KeysService' },
      {
        level: 'error',
        msg: 'it failed',
        context: 'KeysService',
        err: { message: 'inner', cause: { message: 'root' } },
      },
    ]);
  });

  it('keeps the stack of an error, given as the error or as its text', () => {
    const { nestLogger, entries } = capture();
    const error = new Error('broken');
    nestLogger.error(error, undefined, 'Context');
    nestLogger.error('broken', error.stack, 'Context');
    expect(entries()[0]).toMatchObject({ msg: 'broken', context: 'Context', err: { stack: error.stack } });
    expect(entries()[1]).toMatchObject({ msg: 'broken', context: 'Context', stack: error.stack });
  });

  it('never shows the parameters of a statement, even when the error hides in an object', () => {
    const { nestLogger, entries } = capture();
    const error = Object.assign(new Error('Query failed'), { parameters: ['hidden'], sql: 'hidden' });
    nestLogger.warn('slow', { attempts: [{ error }] });
    expect(JSON.stringify(entries())).not.toContain('hidden');
    expect(entries()[0]).toMatchObject({ details: [{ attempts: [{ error: { message: 'Query failed' } }] }] });
  });

  it('has a level of the log for each of its own', () => {
    const { nestLogger, entries } = capture();
    nestLogger.fatal('a');
    nestLogger.warn('a');
    nestLogger.debug('a');
    nestLogger.verbose('a');
    expect(entries().map(({ level }) => level)).toEqual(['fatal', 'warn', 'debug', 'trace']);
  });

  it('writes nothing below the level of the configuration', () => {
    const { nestLogger, entries } = capture('warn');
    nestLogger.log('quiet', { any: 'thing' });
    expect(entries()).toEqual([]);
  });
});
