import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { tuneGarbageCollection } from './garbage-collection.js';
import { assignPepperVersions, reportOldPeppers, UnknownPepperError } from '../secrets/pepper-versions.js';
import { assertSecretsStayHidden, SecretsVisibleError } from './redaction-self-test.js';
import { createApp, type AppOptions } from './create-app.js';
import { stop } from './stop.js';
import { BackgroundTasks } from '../background/background-tasks.js';
import { errorCode } from '../common/error-code.js';
import { escapeUnseen } from '../common/escape-unseen.js';
import { CONFIG, type Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { ConfigError } from '../config/parse-env.js';
import { databaseFailure } from '../database/database-failure.js';
import { Database } from '../database/database.js';
import { Migrator } from '../database/migrator.js';
import { Readiness } from '../health/readiness.js';
import { InternalListener } from '../internal/internal-listener.js';
import { LOGGER, type StructuredLogger } from '../logging/logger.js';
import { redactSecrets } from '../logging/redact-secrets.js';
import { surviveStreamErrors, writeToStandardError } from '../logging/standard-streams.js';
import { PepperKeyring } from '../secrets/pepper-keyring.js';

/**
 * A request to end: from a supervisor, from a terminal (Ctrl-C, Ctrl-\), and from a terminal or
 * session that closes.
 */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** The schema lacks migrations that this version needs. */
export class NotMigratedError extends Error {
  constructor() {
    super(
      'The database is not migrated to this version. Run: npm run migrate (in a container: node dist/src/cli.js migrate).',
    );
    this.name = 'NotMigratedError';
  }
}

/** A listener could not be opened; the message says which variable to change. */
export class CannotListenError extends Error {
  override readonly name = 'CannotListenError';
}

/** What a start may add between the connected database and the listener. */
export interface StartSteps {
  /** Runs on the connected database, before its schema is checked. */
  readonly beforeSchemaCheck?: (app: NestExpressApplication) => Promise<void>;
  /** Runs when everything works, before the listener opens. */
  readonly beforeListen?: (app: NestExpressApplication, config: Config) => Promise<void>;
}

/**
 * The whole life of the process: starts, serves, and stops on a signal that asks for it, or when
 * the parent that holds its IPC channel is gone. What keeps it from starting is said in one text on
 * stderr, with exit code 1.
 */
export async function serve(steps: StartSteps = {}, options: AppOptions = {}): Promise<NestExpressApplication> {
  try {
    surviveStreamErrors();
    tuneGarbageCollection();
    const config = loadConfig();
    assertSecretsStayHidden(config, options);
    const app = await createApp(config, options);
    logWarnings(app);
    endOnTheUnexpected(app);
    stopOnSignals(app);
    await start(app, steps);
    return app;
  } catch (error) {
    writeToStandardError(`${escapeUnseen(redactSecrets(startFailure(error)))}\n`);
    process.exit(1);
  }
}

/** Connects, checks and listens. Ready when it resolves. */
export async function start(app: NestExpressApplication, steps: StartSteps = {}): Promise<void> {
  const config = app.get<Config>(CONFIG);
  const database = app.get(Database);
  await database.connect(config.databaseWaitMs);
  await steps.beforeSchemaCheck?.(app);
  if (await app.get(Migrator).isPending()) {
    throw new NotMigratedError();
  }
  await assignPepperVersions(database.over('system'), app.get(PepperKeyring), config);
  if (config.bcryptRecovery) {
    new Logger('Latchkey').warn(
      'BCRYPT_RECOVERY is on: rows without a digest are believed by their bcrypt record. Switch it off when all is recovered.',
    );
  }
  await steps.beforeListen?.(app, config);
  await app.get(BackgroundTasks).start();
  await listening('INTERNAL_HOST', 'INTERNAL_PORT', app.get(InternalListener).open());
  await listening('HOST', 'PORT', app.listen(config.port, config.host));
  app.get(Readiness).phase = 'ready';
  new Logger('Latchkey').log(`listening on ${await app.getUrl()}`);
  reportOldPeppers(database.over('system'), app.get(PepperKeyring)).catch((error: unknown) => {
    new Logger('Peppers').warn(error, 'the keys under older peppers could not be counted');
  });
}

/**
 * Sends the warnings of Node and of libraries to the log. Node would print them on stderr, in a
 * form that no log collector parses.
 */
function logWarnings(app: NestExpressApplication): void {
  const logger = app.get<StructuredLogger>(LOGGER);
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    logger.warn({ err: warning }, 'a warning of the runtime');
  });
}

/** What nobody caught leaves the process in a state that nobody knows. It ends, and the log, not Node, says why: Node would show all that hangs on the error. */
function endOnTheUnexpected(app: NestExpressApplication): void {
  const logger = app.get<StructuredLogger>(LOGGER);
  process.on('uncaughtException', (error) => {
    try {
      logger.fatal({ err: error }, 'an error that nobody caught ends the process');
    } finally {
      process.exit(1);
    }
  });
}

function stopOnSignals(app: NestExpressApplication): void {
  let stopping = false;
  const stopOnce = (reason: string) => {
    // Ctrl-C often comes twice: from the terminal to the whole group, and again from npm.
    if (stopping) {
      return;
    }
    stopping = true;
    new Logger('Latchkey').log(`stopping: ${reason}`);
    stop(app).then(
      () => process.exit(0),
      (error: unknown) => {
        new Logger('Latchkey').error(error, 'the stop failed');
        process.exit(1);
      },
    );
  };
  for (const signal of STOP_SIGNALS) {
    process.on(signal, stopOnce);
  }
  // Its default is the end of the process without a stop; other servers have other uses for it.
  process.on('SIGUSR2', () => undefined);
  process.on('disconnect', () => {
    stopOnce('the process that started this one is gone');
  });
}

/** What a person reads who started this and sees it end. */
function startFailure(error: unknown): string {
  if (
    error instanceof ConfigError ||
    error instanceof SecretsVisibleError ||
    error instanceof UnknownPepperError ||
    error instanceof NotMigratedError ||
    error instanceof CannotListenError
  ) {
    return error.message;
  }
  const ofDatabase = databaseFailure(error);
  if (ofDatabase !== null) {
    return ofDatabase;
  }
  return `The start failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** @throws CannotListenError for what another host or port would mend */
async function listening(host: string, port: string, opened: Promise<unknown>): Promise<void> {
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
      return `The port may not be listened on by this user. Choose a ${port} above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Use 127.0.0.1, 0.0.0.0, :: (IPv6 and IPv4), or one that it has.`;
    default:
      return null;
  }
}
