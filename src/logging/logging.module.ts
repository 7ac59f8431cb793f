import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { LineSink } from './line-sink.js';
import { createLogger, LOGGER } from './logger.js';
import { NestLogger } from './nest-logger.js';

/** What a test may put in place of a part of the log. */
export interface LoggingOptions {
  /** Where the lines go, if not to standard output. */
  readonly sink?: LineSink;
  /** What cuts secrets out of a line. */
  readonly redact?: (text: string) => string;
}

/** The structured logger for whoever asks for `LOGGER`, and Nest's way into it. Needs `CONFIG`. */
@Global()
@Module({})
export class LoggingModule {
  static with(options: LoggingOptions = {}): DynamicModule {
    return {
      module: LoggingModule,
      providers: [
        {
          provide: LOGGER,
          inject: [CONFIG],
          useFactory: (config: Config) => createLogger(config, options.sink, options.redact),
        },
        NestLogger,
      ],
      exports: [LOGGER, NestLogger],
    };
  }
}
