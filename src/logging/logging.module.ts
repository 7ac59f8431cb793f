import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { createLogger, LOGGER } from './logger.js';
import { NestLogger } from './nest-logger.js';

/** The structured logger for whoever asks for `LOGGER`, and Nest's way into it. Needs `CONFIG`. */
@Global()
@Module({
  providers: [{ provide: LOGGER, inject: [CONFIG], useFactory: (config: Config) => createLogger(config) }, NestLogger],
  exports: [LOGGER, NestLogger],
})
export class LoggingModule {}
