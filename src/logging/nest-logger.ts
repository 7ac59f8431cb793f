import { Inject, Injectable, type LoggerService } from '@nestjs/common';
import type { LogLevel } from '../config/config.js';
import { serializeError } from './error-serializer.js';
import { LOGGER, type StructuredLogger } from './logger.js';

const STACK_LINE = /^\s+at /m;

/** The contexts in which Nest logs every module and route. Logged at level debug. */
const WIRING: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

const isWiring = (context: unknown): boolean => WIRING.has(context);

/** Writes the messages of Nest's own `Logger` to the structured logger. */
@Injectable()
export class NestLogger implements LoggerService {
  constructor(@Inject(LOGGER) private readonly logger: StructuredLogger) {}

  log(...values: unknown[]): void {
    this.write(isWiring(values.at(-1)) ? 'debug' : 'info', values);
  }

  fatal(...values: unknown[]): void {
    this.write('fatal', values);
  }

  error(...values: unknown[]): void {
    this.write('error', values);
  }

  warn(...values: unknown[]): void {
    this.write('warn', values);
  }

  debug(...values: unknown[]): void {
    this.write('debug', values);
  }

  verbose(...values: unknown[]): void {
    this.write('trace', values);
  }

  private write(level: LogLevel, values: readonly unknown[]): void {
    if (!this.logger.isLevelEnabled(level)) {
      return;
    }
    const { message, ...fields } = readValues(values);
    this.logger[level](fields, message);
  }
}

interface Entry {
  readonly message: string | undefined;
  readonly context?: string;
  readonly stack?: string;
  readonly err?: unknown;
  readonly details?: readonly unknown[];
}

/**
 * Nest's convention: the message first; a last string is the context (the class that logs); for
 * errors, a stack or the error in between. Any other argument becomes part of `details`.
 */
function readValues([first, ...others]: readonly unknown[]): Entry {
  const rest = others.filter((value) => value !== undefined);
  const last = rest.at(-1);
  const context = typeof last === 'string' && !STACK_LINE.test(last) ? last : undefined;
  const between = context === undefined ? rest : rest.slice(0, -1);
  const err = [first, ...between].find((value) => value instanceof Error);
  const stack = between.find((value) => typeof value === 'string' && STACK_LINE.test(value)) as string | undefined;
  const details = [...(typeof first === 'string' ? [] : [first]), ...between].filter(
    (value) => value !== err && value !== stack,
  );
  return {
    message: typeof first === 'string' ? first : err?.message,
    ...(context !== undefined && { context }),
    ...(err !== undefined && { err }),
    ...(stack !== undefined && { stack }),
    ...(details.length > 0 && { details: details.map((detail) => describeDetail(detail)) }),
  };
}

const DEEPEST_DETAIL = 6;

/**
 * Serializes errors anywhere in a detail by allow-list, because their properties may hold secrets.
 */
function describeDetail(detail: unknown, depth = 0): unknown {
  if (detail instanceof Error) {
    return serializeError(detail);
  }
  if (typeof detail !== 'object' || detail === null) {
    return detail;
  }
  if (depth === DEEPEST_DETAIL) {
    return '[deeper]';
  }
  if (Array.isArray(detail)) {
    return detail.map((item) => describeDetail(item, depth + 1));
  }
  return Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, describeDetail(value, depth + 1)]));
}
