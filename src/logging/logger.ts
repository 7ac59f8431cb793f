import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { pino, type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Config } from '../config/config.js';
import { serializeError } from './error-serializer.js';
import type { LineSink } from './line-sink.js';
import { redactSecrets } from './redact-secrets.js';

/** The token of the structured logger. */
export const LOGGER = Symbol('logger');

/** Fields without errors or nested values. Undefined ones are omitted. */
export type PlainFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The structured logger: fields first, then a constant message. */
export type StructuredLogger = Logger & {
  /**
   * Writes the same line faster, for plain fields. Omits the bindings of child loggers.
   * perf: docs/performance.md#techniques-that-stay
   */
  plain(level: 'debug' | 'info', fields: PlainFields, sentence: string): void;
};

/** Lines of this level and above are written at once, because the process may be about to end. */
const URGENT = pino.levels.values.warn ?? 40;

/**
 * Creates the configured logger: one line per entry, times in ISO 8601 and UTC, errors (`err`) with
 * stack and causes. Redaction by pattern is the last step of every line, so that no secret is
 * written. Warnings and errors are written before the call returns, so that the last one before a
 * crash is in the log. Dropped lines are reported when there is room again (ADR 17).
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
      // pino passes the level of each line to the destination.
      [Symbol.for('pino.metadata')]: true,
      lastLevel: 0,
      write(this: { readonly lastLevel: number }, line: string) {
        finish(line, this.lastLevel >= URGENT);
      },
    } as DestinationStream,
  );
  sink.onRoom?.((droppedLines) => {
    logger.warn(
      { dropped_lines: droppedLines },
      'lines of the log were dropped here, because they could not be written',
    );
  });
  const plain: StructuredLogger['plain'] = (level, fields, sentence) => {
    if (logger.isLevelEnabled(level)) {
      const members = membersOf(fields);
      finish(`{"level":"${level}"${timestamp()}${originText}${members},"msg":${JSON.stringify(sentence)}}\n`, false);
    }
  };
  return Object.assign(logger, { plain });
}

/** The members of an object as JSON, each preceded by a comma. */
function membersOf(fields: PlainFields): string {
  const text = JSON.stringify(fields);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
}

/** ISO 8601 in UTC, formatted once per millisecond. */
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

// In this process, because a worker of pino loses the last lines of a process that crashes.
function prettyFormat(): (line: string) => string {
  const prettify = prettyFactory({
    colorize: isatty(1),
    ignore: 'pid,hostname',
    translateTime: false,
    singleLine: true,
  });
  return (line) => prettify(line);
}
