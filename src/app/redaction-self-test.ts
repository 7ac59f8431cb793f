import { randomBytes } from 'node:crypto';
import { LOG_LEVELS, SECRET_PREFIXES, type Config } from '../config/config.js';
import { createLogger, type StructuredLogger } from '../logging/logger.js';
import type { LoggingOptions } from '../logging/logging.module.js';
import { NestLogger } from '../logging/nest-logger.js';
import { formatSecret, SECRET_RANDOM_BYTES } from '../secrets/secret-format.js';

/** The log would show secrets. Serving would write every one that is logged to wherever the log goes. */
export class SecretsVisibleError extends Error {
  constructor() {
    super(
      'The self-test of the log found a secret in its output, so the service does not start. The redaction in this build is broken: run another version, and report it.',
    );
    this.name = 'SecretsVisibleError';
  }
}

/**
 * Sends made-up secrets of our form through the log as it is configured, at every level and in every place where one could hide,
 * into a sink of its own.
 * @throws SecretsVisibleError when one comes out, or when not everything came out that was sent
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
    // Of what follows the prefix no piece may be left, however short the cut; ten characters are no coincidence.
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

/** Returns how many lines it should have made. */
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
      logger.ready('info', `,"field":"${secret}"`, 'members that are ready');
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
