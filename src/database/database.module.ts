import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DataSource, type EntitySchema } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { connectionOptions } from './connection-options.js';
import { Database } from './database.js';
import { Migrator } from './migrator.js';

/** A class that TypeORM maps to a table. */
export type Entity = (abstract new (...args: never[]) => object) | EntitySchema;

/** The entities that the feature modules have contributed. */
const ENTITIES = new Set<Entity>();

/**
 * Provides `Database` and `Migrator`. The start connects the database (`Database.connect`);
 * injecting it does not.
 */
@Global()
@Module({})
export class DatabaseModule {
  /** Imported once, by the root module. */
  static forRoot(): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          inject: [CONFIG],
          useFactory: (config: Config) =>
            new Database(
              new DataSource(connectionOptions(config.database, [...ENTITIES] as never, config.databasePoolSize)),
            ),
        },
        Migrator,
      ],
      exports: [Database, Migrator],
    };
  }

  /** Imported by a feature module, which contributes its entities by it. */
  static forFeature(entities: readonly Entity[]): DynamicModule {
    for (const entity of entities) {
      ENTITIES.add(entity);
    }
    return { module: DatabaseEntitiesModule };
  }
}

/** What `forFeature` imports: the entities are registered when it is called. */
@Module({})
class DatabaseEntitiesModule {}
