import { Injectable } from '@nestjs/common';
import { MigrationExecutor, type QueryRunner } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { MIGRATIONS_TABLE } from './connection-options.js';
import { Database } from './database.js';

const LOCK_WAIT_SECONDS = 60;

/**
 * How long an ALTER waits for a table. Longer than any transaction, and short because all later
 * statements wait behind it.
 */
const TABLE_WAIT_SECONDS = 10;

/** TypeORM's own table definition, with a fixed character set instead of the schema's default. */
const CREATE_MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (
    id        INT          NOT NULL AUTO_INCREMENT,
    timestamp BIGINT       NOT NULL,
    name      VARCHAR(255) NOT NULL,
    PRIMARY KEY (id)
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** Migrates the schema up, or one step down. Two processes on one server wait for each other. */
@Injectable()
export class Migrator {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database.over('system');
  }

  /**
   * Whether a migration of this version is missing. A newer schema is accepted, because changes are
   * additive first.
   */
  async isPending(): Promise<boolean> {
    // Creates nothing, because the account may lack the right, and another process may be
    // migrating.
    const pending = await this.database.read(({ queryRunner }) => this.executor(queryRunner).getPendingMigrations());
    return pending.length > 0;
  }

  /**
   * Applies the missing migrations, oldest first, and returns their names. Needs no rights if none
   * is missing.
   */
  async up(): Promise<string[]> {
    return this.locked(async (runner) => {
      const executor = this.executor(runner);
      if ((await executor.getPendingMigrations()).length === 0) {
        return [];
      }
      await runner.query(CREATE_MIGRATIONS_TABLE);
      const applied = await executor.executePendingMigrations();
      return applied.map(({ name }) => name);
    });
  }

  /** Reverts the newest migration, and loses the data in its columns and tables. */
  async down(): Promise<void> {
    await this.locked(async (runner) => {
      if (await runner.hasTable(MIGRATIONS_TABLE)) {
        await this.executor(runner).undoLastMigration();
      }
    });
  }

  /**
   * Runs every statement on the given connection. By default TypeORM takes another from the pool
   * for each step.
   */
  private executor(runner: QueryRunner | undefined): MigrationExecutor {
    const executor = new MigrationExecutor(this.database.dataSource, runner);
    executor.transaction = 'none';
    return executor;
  }

  private async locked<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.database.withoutDeadline(async (runner) => {
      const [row] = (await runner.query("SELECT GET_LOCK('latchkey migrations', ?) AS locked", [
        LOCK_WAIT_SECONDS,
      ])) as { locked: unknown }[];
      if (Number(row?.locked) !== 1) {
        throw new UnavailableError({ detail: `another migration has been running for ${LOCK_WAIT_SECONDS} s` });
      }
      try {
        await runner.query('SET SESSION lock_wait_timeout = ?', [TABLE_WAIT_SECONDS]);
        return await work(runner);
      } finally {
        // The lock also ends with its connection.
        await runner.query("SELECT RELEASE_LOCK('latchkey migrations')").catch(() => undefined);
      }
    });
  }
}
