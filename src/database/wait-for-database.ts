import type { DataSource } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { isOutage } from './database-errors.js';

const PAUSE_MS = 500;

/**
 * Initializes the data source, trying again while the database is away.
 * @param report hears why, once for each new reason
 * @throws UnavailableError when it is still away after `waitMs`
 */
export async function waitForDatabase(
  dataSource: DataSource,
  waitMs: number,
  report: (reason: string) => void,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  let reported: string | undefined;
  for (;;) {
    try {
      await dataSource.initialize();
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!isOutage(error) || performance.now() + PAUSE_MS > deadline) {
        throw new UnavailableError({
          cause: error,
          detail: `the database did not answer within ${waitMs} ms: ${reason}`,
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
