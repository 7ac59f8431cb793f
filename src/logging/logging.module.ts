import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { LINE_SINK, type LineSink } from './line-sink.js';
import { createLogger, LOGGER } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { StandardOutput } from './standard-output.js';

/** Parts of the log that a test may replace. */
export interface LoggingOptions {
  /** The destination of the lines. Default: standard output. */
  readonly sink?: LineSink;
  /** Removes secrets from a line. Default: `redactSecrets`. */
  readonly redact?: (text: string) => string;
}

/**
 * Provides the structured logger (`LOGGER`), its destination (`LINE_SINK`) and Nest's adapter for
 * it. Needs `CONFIG`.
 */
@Global()
@Module({})
export class LoggingModule {
  static forRoot(options: LoggingOptions = {}): DynamicModule {
    return {
      module: LoggingModule,
      providers: [
        {
          provide: LINE_SINK,
          useFactory: () => options.sink ?? new StandardOutput(),
        },
        {
          provide: LOGGER,
          inject: [CONFIG, LINE_SINK],
          useFactory: (config: Config, sink: LineSink) => createLogger(config, sink, options.redact),
        },
        NestLogger,
      ],
      exports: [LINE_SINK, LOGGER, NestLogger],
    };
  }
}
