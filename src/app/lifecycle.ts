import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { BackgroundTasks } from '../background/background-tasks.js';
import { escapeUnseen } from '../common/escape-unseen.js';
import { CONFIG, type Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { Database } from '../database/database.js';
import { Migrator } from '../database/migrator.js';
import { Readiness } from '../health/readiness.js';
import type { PublicExpressAdapter } from '../http/server/express.adapter.js';
import { InternalListener } from '../internal/internal-listener.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { redactSecrets } from '../logging/redact-secrets.js';
import { surviveStreamErrors, writeToStandardError } from '../logging/standard-streams.js';
import { PepperKeyring } from '../secrets/pepper-keyring.js';
import { assignPepperVersions, reportOldPeppers } from '../secrets/pepper-versions.js';
import { createApp, type AppOptions } from './create-app.js';
import { exitOnUncaughtException, logWarnings, stopOnSignals } from './process-events.js';
import { assertSecretsStayHidden } from './redaction-self-test.js';
import { describeStartFailure, listening, NotMigratedError } from './start-errors.js';

/** Steps that a start adds between connecting to the database and listening. */
export interface StartSteps {
  /** Runs on the connected database, before its schema is checked. */
  readonly beforeSchemaCheck?: (app: NestExpressApplication) => Promise<void>;
  /** Runs when everything works, before a listener opens. */
  readonly beforeListen?: (app: NestExpressApplication, config: Config) => Promise<void>;
}

/**
 * The whole life of the process: starts, serves, and stops on a signal, or when the parent that
 * holds its IPC channel has exited. A failed start writes one text to stderr and exits with code 1.
 */
export async function serve(steps: StartSteps = {}, options: AppOptions = {}): Promise<NestExpressApplication> {
  try {
    surviveStreamErrors();
    // perf: docs/performance.md#allocation-site-pretenuring
    setFlagsFromString('--no-allocation-site-pretenuring');
    // A full collection at twice the size that the last one left: docs/performance.md#heap-growth
    setFlagsFromString('--heap-growing-percent=100');
    const config = loadConfig();
    assertSecretsStayHidden(config, options);
    const app = await createApp(config, options);
    const logger = app.get<StructuredLogger>(LOGGER);
    logWarnings(logger);
    exitOnUncaughtException(logger);
    stopOnSignals(() => stop(app));
    await start(app, steps);
    return app;
  } catch (error) {
    writeToStandardError(`${escapeUnseen(redactSecrets(describeStartFailure(error)))}\n`);
    process.exit(1);
  }
}

/** Connects, checks and listens. The service is ready when it resolves. */
export async function start(app: NestExpressApplication, steps: StartSteps = {}): Promise<void> {
  const config = app.get<Config>(CONFIG);
  const logger = new Logger('Latchkey');
  const database = app.get(Database);
  await database.connect(config.databaseWaitMs);
  await steps.beforeSchemaCheck?.(app);
  if (await app.get(Migrator).isPending()) {
    throw new NotMigratedError();
  }
  await assignPepperVersions(database.over('system'), app.get(PepperKeyring), config);
  if (config.bcryptRecovery) {
    logger.warn(
      'BCRYPT_RECOVERY is on: a secret without a digest is accepted by its bcrypt record. Turn it off when all are recovered.',
    );
  }
  await steps.beforeListen?.(app, config);
  await app.get(BackgroundTasks).start();
  await listening('INTERNAL_HOST', 'INTERNAL_PORT', app.get(InternalListener).open());
  await listening('HOST', 'PORT', app.listen(config.port, config.host));
  app.get(Readiness).phase = 'ready';
  logger.log(`listening on ${await app.getUrl()}`);
  reportOldPeppers(database.over('system'), app.get(PepperKeyring)).catch((error: unknown) => {
    new Logger('Peppers').warn(error, 'the keys under older peppers could not be counted');
  });
}

/**
 * Stops in order: readiness turns false while requests are still accepted (load balancers need time
 * to notice), new connections are refused, running requests end, the last counts are written, the
 * database is closed.
 */
export async function stop(app: NestExpressApplication): Promise<void> {
  const { shutdownDelayMs } = app.get<Config>(CONFIG);
  const readiness = app.get(Readiness);
  const wasReady = readiness.phase === 'ready';
  readiness.phase = 'draining';
  const listeners = [(app.getHttpAdapter() as unknown as PublicExpressAdapter).listener, app.get(InternalListener)];
  for (const listener of listeners) {
    listener.announceClose();
  }
  await sleep(wasReady ? shutdownDelayMs : 0);
  try {
    // Both listeners close before the shutdown hooks, so that every verification is counted.
    await Promise.all(listeners.map((listener) => listener.close()));
    await app.close();
  } finally {
    await app.get(Database).close();
  }
}
