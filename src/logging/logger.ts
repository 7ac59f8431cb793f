import { destination as openDestination, pino, stdTimeFunctions, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Config } from '../config/config.js';
import { describeError } from './describe-error.js';
import { redactSecrets } from './redact-secrets.js';

/** The token under which the process's one structured logger is injected. */
export const LOGGER = Symbol('logger');

/** The structured logger: fields first, then a sentence that is the same each time. */
export type StructuredLogger = Logger;

/** Where finished lines go. */
export interface LineSink {
  write(line: string): void;
}

/**
 * The logger that the configuration asks for: one line an entry, times in ISO 8601 and UTC, errors (`err`) with stack and causes.
 * Whatever is logged, by whomever, no secret leaves: the last thing that happens to a line's text is redaction by pattern.
 * Lines are written before the call returns, so that the one before a crash is there.
 */
export function createLogger(
  config: Pick<Config, 'logLevel' | 'logFormat'>,
  sink: LineSink = standardOutput(),
  redact: (text: string) => string = redactSecrets,
): StructuredLogger {
  const format = config.logFormat === 'pretty' ? prettyFormat() : (line: string) => line;
  return pino(
    {
      level: config.logLevel,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: describeError, error: describeError, cause: describeError },
      formatters: { level: (level) => ({ level }) },
    },
    {
      write: (line: string) => {
        sink.write(redact(format(line)));
      },
    },
  );
}

function standardOutput(): LineSink {
  return openDestination({ fd: 1, sync: true });
}

// In this process, not in pino's worker: a worker loses the last lines of a process that dies.
function prettyFormat(): (line: string) => string {
  const prettify = prettyFactory({
    colorize: process.stdout.isTTY,
    ignore: 'pid,hostname',
    translateTime: false,
    singleLine: true,
  });
  return (line) => prettify(line);
}
