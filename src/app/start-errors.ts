import { errorCode } from '../common/error-code.js';
import { ConfigError } from '../config/parse-env.js';
import { databaseFailure } from '../database/database-failure.js';
import { UnknownPepperError } from '../secrets/pepper-versions.js';
import { SecretsVisibleError } from './redaction-self-test.js';

/** The schema lacks migrations that this version needs. */
export class NotMigratedError extends Error {
  constructor() {
    super(
      'The database is not migrated to this version. Run: npm run migrate (in a container: node dist/src/cli.js migrate).',
    );
    this.name = 'NotMigratedError';
  }
}

/** A listener could not be opened. The message names the variable to change. */
export class CannotListenError extends Error {
  override readonly name = 'CannotListenError';
}

/** The errors whose messages say what the operator has to do. */
const EXPLAINED = [ConfigError, SecretsVisibleError, UnknownPepperError, NotMigratedError, CannotListenError];

/** The text for the person who started the process and sees it exit. */
export function describeStartFailure(error: unknown): string {
  if (error instanceof Error && EXPLAINED.some((kind) => error instanceof kind)) {
    return error.message;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return databaseFailure(error) ?? `The start failed: ${stack}`;
}

/**
 * Waits until a listener is open.
 * @param host the variable that sets its address
 * @param port the variable that sets its port
 * @throws CannotListenError when another host or port would help
 */
export async function listening(host: string, port: string, opened: Promise<unknown>): Promise<void> {
  try {
    await opened;
  } catch (error) {
    const failure = listenFailure(host, port, errorCode(error) ?? '');
    throw failure === null ? error : new CannotListenError(failure, { cause: error });
  }
}

function listenFailure(host: string, port: string, code: string): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `The port is taken by another process. Stop that one, or choose another ${port}.`;
    case 'EACCES':
      return `This user may not listen on the port. Choose a ${port} above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Use 127.0.0.1, 0.0.0.0, :: (IPv6 and IPv4), or one of its own addresses.`;
    default:
      return null;
  }
}
