import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { pino, type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Config } from '../config/config.js';
import { serializeError } from './error-serializer.js';
import type { LineSink } from './line-sink.js';
import { redactSecrets } from './redact-secrets.js';

/** The token under which the process's one structured logger is injected. */
export const LOGGER = Symbol('logger');

/** Fields that are written as they are: no errors, nothing nested. An undefined one is left out. */
export type PlainFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The structured logger: fields first, then a sentence that is the same each time. */
export type StructuredLogger = Logger & {
  /**
   * The same line by a shorter way, for what is logged at each request: pino looks at each field for what plain ones do not have.
   * Bindings of child loggers are not in it.
   */
  plain(level: 'debug' | 'info', fields: PlainFields, sentence: string): void;
  /**
   * The same for what is JSON already, where even `JSON.stringify` takes too long.
   * @param members of the line's object, each behind a comma
   */
  ready(level: 'debug' | 'info', members: string, sentence: string): void;
};

/** From this level on a line may be the last. */
const URGENT = pino.levels.values.warn ?? 40;

/**
 * The logger that the configuration asks for: one line an entry, times in ISO 8601 and UTC, errors
 * (`err`) with stack and causes. Whatever is logged, by whomever, no secret leaves: the last thing
 * that happens to a line's text is redaction by pattern. Warnings and worse are written before the
 * call returns, so that the one before a crash is there. Lines that the destination could not take
 * are dropped, and the log says how many as soon as it can (ADR 17).
 */
export function createLogger(
  config: Pick<Config, 'logLevel' | 'logFormat'>,
  sink: LineSink,
  redact: (text: string) => string = redactSecrets,
): StructuredLogger {
  const format = config.logFormat === 'pretty' ? prettyFormat() : (line: string) => line;
  const finish = (line: string, isUrgent: boolean) => {
    sink.write(redact(format(line)), isUrgent);
  };
  const timestamp = timeOfLine();
  const origin = { pid: process.pid, hostname: hostname() };
  const originText = membersOf(origin);
  const logger = pino(
    {
      level: config.logLevel,
      base: origin,
      timestamp,
      serializers: { err: serializeError, error: serializeError, cause: serializeError },
      formatters: { level: (level) => ({ level }) },
    },
    {
      // With this pino tells here the level of each line.
      [Symbol.for('pino.metadata')]: true,
      lastLevel: 0,
      write(this: { readonly lastLevel: number }, line: string) {
        finish(line, this.lastLevel >= URGENT);
      },
    } as DestinationStream,
  );
  const ready: StructuredLogger['ready'] = (level, members, sentence) => {
    if (logger.isLevelEnabled(level)) {
      finish(`{"level":"${level}"${timestamp()}${originText}${members},"msg":${JSON.stringify(sentence)}}\n`, false);
    }
  };
  sink.onRoom?.((droppedLines) => {
    logger.warn(
      { dropped_lines: droppedLines },
      'lines of the log were dropped here, because they could not be written',
    );
  });
  const plain: StructuredLogger['plain'] = (level, fields, sentence) => {
    ready(level, membersOf(fields), sentence);
  };
  return Object.assign(logger, { ready, plain });
}

/** The members of an object as JSON, each behind a comma. To spread several objects into one for it would take longer than all the rest. */
function membersOf(fields: PlainFields): string {
  const text = JSON.stringify(fields);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
}

/** ISO 8601 in UTC, made once for all lines of a millisecond. */
function timeOfLine(): () => string {
  let madeAtMs = NaN;
  let text = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== madeAtMs) {
      madeAtMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}

// In this process, not in pino's worker: a worker loses the last lines of a process that dies.
function prettyFormat(): (line: string) => string {
  const prettify = prettyFactory({
    colorize: isatty(1),
    ignore: 'pid,hostname',
    translateTime: false,
    singleLine: true,
  });
  return (line) => prettify(line);
}
