import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { createLogger, LOGGER, type LineSink } from './logger.js';
import { NestLogger } from './nest-logger.js';

/** Where the lines go, if not to standard output. */
export interface LoggingOptions {
  readonly sink?: LineSink;
}

/** The structured logger for whoever asks for `LOGGER`, and Nest's way into it. Needs `CONFIG`. */
@Global()
@Module({})
export class LoggingModule {
  static with(options: LoggingOptions = {}): DynamicModule {
    return {
      module: LoggingModule,
      providers: [
        { provide: LOGGER, inject: [CONFIG], useFactory: (config: Config) => createLogger(config, options.sink) },
        NestLogger,
      ],
      exports: [LOGGER, NestLogger],
    };
  }
}
