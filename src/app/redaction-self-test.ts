import { randomBytes } from 'node:crypto';
import { LOG_LEVELS, SECRET_PREFIXES, type Config } from '../config/config.js';
import { createLogger, type StructuredLogger } from '../logging/logger.js';
import type { LoggingOptions } from '../logging/logging.module.js';
import { NestLogger } from '../logging/nest-logger.js';
import { formatSecret, SECRET_RANDOM_BYTES } from '../secrets/secret-format.js';

/** Secrets would appear in the log. */
export class SecretsVisibleError extends Error {
  constructor() {
    super(
      'The self-test of the log found a secret in its output, so the service does not start. The redaction in this build is broken: run another version, and report it.',
    );
    this.name = 'SecretsVisibleError';
  }
}

/**
 * Logs generated secrets with the configured logger into a sink of its own, at every level and in
 * every place where a secret can appear.
 * @throws SecretsVisibleError when one is in the output, or when a line is missing
 */
export function assertSecretsStayHidden(
  { logFormat }: Pick<Config, 'logFormat'>,
  { redact }: Pick<LoggingOptions, 'redact'> = {},
): void {
  for (const prefix of SECRET_PREFIXES) {
    const secret = formatSecret(prefix, randomBytes(16), randomBytes(SECRET_RANDOM_BYTES));
    const lines: string[] = [];
    const logger = createLogger({ logLevel: 'trace', logFormat }, { write: (line) => lines.push(line) }, redact);
    const sent = sendEverywhere(logger, secret);
    // No part of the body may be left. Ten characters are no coincidence.
    const pieces = Array.from({ length: secret.length - prefix.length - 9 }, (_, at) =>
      secret.slice(prefix.length + at, prefix.length + at + 10),
    );
    const text = lines.join('');
    const arrived = lines.filter((line) => line.endsWith('\n')).length;
    if (arrived !== sent || pieces.some((piece) => text.includes(piece))) {
      throw new SecretsVisibleError();
    }
  }
}

/** @returns the number of lines that must be in the output */
function sendEverywhere(logger: StructuredLogger, secret: string): number {
  const error = new Error(`message ${secret}`, { cause: new AggregateError([new Error(`member ${secret}`)], secret) });
  const entries = LOG_LEVELS.flatMap((level) => [
    () => {
      logger[level](`in a sentence: ${secret}.`);
    },
    () => {
      logger[level]({ field: secret, [secret]: 'as a key', nested: { list: [{ deep: secret }] } }, 'fields');
    },
    () => {
      logger[level]({ err: error }, `with an error\n${secret}\n`);
    },
    () => {
      logger[level]({ body: JSON.stringify({ authorization: `Bearer ${secret}` }) }, 'as JSON in a text');
    },
  ]);
  const nest = new NestLogger(logger);
  entries.push(
    () => {
      logger.plain('info', { field: secret, [secret]: 'as a key' }, 'plain fields');
    },
    () => {
      nest.error(error, `Error: ${secret}\n    at ${secret}:1:1`, secret);
    },
    () => {
      nest.log(secret, { detail: { error, secret } }, 'SelfTest');
    },
  );
  for (const entry of entries) {
    entry();
  }
  return entries.length;
}
