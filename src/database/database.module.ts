import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DataSource, type EntitySchema } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { connectionOptions } from './connection-options.js';
import { Database } from './database.js';
import { Migrator } from './migrator.js';

/** A class that TypeORM maps to a table. */
export type Entity = (abstract new (...args: never[]) => object) | EntitySchema;

/** The database, for whoever asks for `Database`. It is connected by the start (`Database.connect`), not by injection. */
@Global()
@Module({})
export class DatabaseModule {
  static with(entities: readonly Entity[]): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          inject: [CONFIG],
          useFactory: (config: Config) =>
            new Database(
              new DataSource(connectionOptions(config.database, [...entities] as never, config.databasePoolSize)),
            ),
        },
        Migrator,
      ],
      exports: [Database, Migrator],
    };
  }
}
