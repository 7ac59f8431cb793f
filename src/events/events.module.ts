import { Global, Module, type DynamicModule, type Type } from '@nestjs/common';
import type { EventSubscriber } from './event-subscriber.js';
import { EVENT_SUBSCRIBERS, Events } from './events.js';

/** Provides `Events` to every module. */
@Global()
@Module({})
export class EventsModule {
  /**
   * @param subscribers receive the events in this order. Each is exported by a global module.
   */
  static forRoot(subscribers: readonly Type<EventSubscriber>[]): DynamicModule {
    return {
      module: EventsModule,
      providers: [
        Events,
        {
          provide: EVENT_SUBSCRIBERS,
          inject: [...subscribers],
          useFactory: (...instances: EventSubscriber[]) => instances,
        },
      ],
      exports: [Events],
    };
  }
}
