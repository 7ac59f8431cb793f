import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../common/unavailable-error.js';
import { MIGRATIONS_TABLE } from './connection-options.js';
import { Database } from './database.js';

const LOCK_WAIT_SECONDS = 60;

/** TypeORM's table of what has been applied, as it would make it, but for the charset: its own would be the schema's default. */
const CREATE_MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (
    id        INT          NOT NULL AUTO_INCREMENT,
    timestamp BIGINT       NOT NULL,
    name      VARCHAR(255) NOT NULL,
    PRIMARY KEY (id)
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** Brings the schema up to date, or one step back. Two that migrate at once on one server wait for each other. */
@Injectable()
export class Migrator {
  constructor(private readonly database: Database) {}

  /** Whether the schema lacks a migration that this version knows. A newer schema is fine: changes are additive first. */
  async isPending(): Promise<boolean> {
    // Asking must not make anything: a service in production may have no right to, and another may be migrating right now.
    const hasTable = await this.database.read(async ({ queryRunner }) => queryRunner?.hasTable(MIGRATIONS_TABLE));
    return hasTable === true ? this.database.dataSource.showMigrations() : true;
  }

  /** Applies what is missing, oldest first. Returns the names of what was applied. */
  async up(): Promise<string[]> {
    return this.locked(async () => {
      const applied = await this.database.dataSource.runMigrations({ transaction: 'none' });
      return applied.map(({ name }) => name);
    });
  }

  /** Takes the newest migration back, and with it the data that only it could hold. */
  async down(): Promise<void> {
    await this.locked(() => this.database.dataSource.undoLastMigration({ transaction: 'none' }));
  }

  private async locked<T>(work: () => Promise<T>): Promise<T> {
    const runner = this.database.dataSource.createQueryRunner();
    try {
      const [row] = (await runner.query("SELECT GET_LOCK('latchkey migrations', ?) AS locked", [
        LOCK_WAIT_SECONDS,
      ])) as { locked: unknown }[];
      if (Number(row?.locked) !== 1) {
        throw new UnavailableError({ detail: `another migration has been running for ${LOCK_WAIT_SECONDS} s` });
      }
      await runner.query(CREATE_MIGRATIONS_TABLE);
      return await work();
    } finally {
      // The lock ends with its connection, whatever happened on it.
      await runner.query("SELECT RELEASE_LOCK('latchkey migrations')").catch(() => undefined);
      await runner.release();
    }
  }
}
