import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names this database, so that an instance notices when it is suddenly connected to another. */
export class FeedEpoch1763850000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      "INSERT IGNORE INTO settings (name, value, updated_at) VALUES ('feed.epoch', UUID(), UTC_TIMESTAMP())",
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DELETE FROM settings WHERE name = 'feed.epoch'");
  }
}
