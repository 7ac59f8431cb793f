import type { DataSource } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { asRefusal, reasonOf, whatToCheck, type ConnectionTarget } from './connect-failures.js';
import { DatabaseSetupError, isOutage } from './database-errors.js';

const PAUSE_MS = 500;

/**
 * Initializes the data source, and retries while the database does not answer.
 * @param report receives each new reason once
 * @throws DatabaseSetupError at once when the server refuses, because waiting does not help
 * @throws UnavailableError when the database does not answer within `waitMs`
 */
export async function waitForDatabase(
  dataSource: DataSource,
  waitMs: number,
  report: (reason: string) => void,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  const target = targetOf(dataSource);
  let reported: string | undefined;
  for (;;) {
    try {
      await dataSource.initialize();
      return;
    } catch (error) {
      if (error instanceof DatabaseSetupError) {
        throw error;
      }
      const refusal = asRefusal(error, target);
      if (refusal !== null) {
        throw refusal;
      }
      const reason = reasonOf(error);
      if (!isOutage(error) || performance.now() + PAUSE_MS > deadline) {
        throw new UnavailableError({
          cause: error,
          detail: `the database did not answer within ${waitMs} ms (${reason}); ${whatToCheck(error, target)}`,
        });
      }
      if (reason !== reported) {
        reported = reason;
        report(reason);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function targetOf({ options }: DataSource): ConnectionTarget {
  if (options.type !== 'mysql') {
    throw new TypeError(`the data source is of type ${options.type}`);
  }
  return {
    user: options.username ?? '',
    database: options.database ?? '',
    host: options.host ?? '',
    port: options.port ?? 0,
    socketPath: options.socketPath,
    usesTls: options.ssl !== undefined,
  };
}
