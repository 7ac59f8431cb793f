import { Logger } from '@nestjs/common';
import type { StructuredLogger } from '../logging/logger.js';

/**
 * The signals that ask for a stop: from a supervisor, from a terminal (Ctrl-C, Ctrl-\), and from a
 * terminal or session that closes.
 */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Sends the warnings of Node and of libraries to the log. Node would print them on stderr, in a
 * form that no log collector parses.
 */
export function logWarnings(logger: StructuredLogger): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    logger.warn({ err: warning }, 'a warning of the runtime');
  });
}

/**
 * Logs an uncaught exception and exits, because the state of the process is undefined after it.
 * Node's own report would print every property of the error, which may include secrets.
 */
export function exitOnUncaughtException(logger: StructuredLogger): void {
  process.on('uncaughtException', (error) => {
    try {
      logger.fatal({ err: error }, 'an uncaught exception ends the process');
    } finally {
      process.exit(1);
    }
  });
}

/** Stops on a signal, or when the parent that holds the IPC channel has exited. Then exits. */
export function stopOnSignals(stop: () => Promise<void>): void {
  const logger = new Logger('Latchkey');
  let isStopping = false;
  const stopOnce = (reason: string) => {
    // Ctrl-C often arrives twice: from the terminal to the process group, and again from npm.
    if (isStopping) {
      return;
    }
    isStopping = true;
    logger.log(`stopping: ${reason}`);
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error(error, 'the stop failed');
        process.exit(1);
      },
    );
  };
  for (const signal of STOP_SIGNALS) {
    process.on(signal, stopOnce);
  }
  // Other servers use it to reopen logs or to reload. Its default would end the process.
  process.on('SIGUSR2', () => undefined);
  process.on('disconnect', () => {
    stopOnce('the parent process has exited');
  });
}
