import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AdmissionInterceptor } from '../admission/admission.interceptor.js';
import { ListAdmissionInterceptor } from '../admission/list-admission.interceptor.js';
import { AdmissionModule } from '../admission/admission.module.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BearerGuard } from '../auth/bearer.guard.js';
import { IpAllowListInterceptor } from '../auth/ip-allow-list.interceptor.js';
import { ScopesGuard } from '../auth/scopes.guard.js';
import { ChangeLogModule } from '../change-log/change-log.module.js';
import { ChangeLogSubscriber } from '../change-log/change-log.subscriber.js';
import { BackgroundModule } from '../background/background.module.js';
import type { Config } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { HealthModule } from '../health/health.module.js';
import { EnvelopeInterceptor } from '../http/envelope.interceptor.js';
import { EnvelopeExceptionFilter } from '../http/exception.filter.js';
import { JsonBodyInterceptor } from '../http/json-body.interceptor.js';
import { RequestValidationPipe } from '../http/validation.pipe.js';
import { InternalModule } from '../internal/internal.module.js';
import { LoggingModule, type LoggingOptions } from '../logging/logging.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';

/**
 * The global guards, interceptors, pipe and filter, in the order in which a request passes them.
 */
const GLOBAL_ENHANCERS = [
  { provide: APP_GUARD, useExisting: BearerGuard },
  { provide: APP_GUARD, useExisting: ScopesGuard },
  { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
  { provide: APP_INTERCEPTOR, useExisting: IpAllowListInterceptor },
  { provide: APP_INTERCEPTOR, useExisting: ListAdmissionInterceptor },
  // After the access checks: bounds the requests of each caller, before a body is read.
  { provide: APP_INTERCEPTOR, useExisting: AdmissionInterceptor },
  // After everything that can refuse a caller, so that a body is read for accepted callers only.
  { provide: APP_INTERCEPTOR, useClass: JsonBodyInterceptor },
  { provide: APP_PIPE, useClass: RequestValidationPipe },
  { provide: APP_FILTER, useClass: EnvelopeExceptionFilter },
];

/** Everything that receives the events of a change, in its transaction. */
const EVENT_SUBSCRIBERS = [ChangeLogSubscriber];

/** The list of all modules. */
@Module({})
export class AppModule {
  static forRoot(config: Config, logging: LoggingOptions = {}): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        LoggingModule.forRoot(logging),
        DatabaseModule.forRoot(),
        BackgroundModule,
        MetricsModule,
        ChangeLogModule,
        EventsModule.forRoot(EVENT_SUBSCRIBERS),
        AdmissionModule,
        ApiKeysModule,
        AuthModule,
        HealthModule,
        InternalModule,
      ],
      providers: GLOBAL_ENHANCERS,
    };
  }
}
