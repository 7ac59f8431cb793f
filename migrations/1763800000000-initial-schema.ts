import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLE_OPTIONS = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/**
 * Organizations, their keys, the keys' secrets and metrics, the marks of the change feed, and
 * settings.
 */
export class InitialSchema1763800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of DOWN) {
      await queryRunner.query(statement);
    }
  }
}

const UP = [
  `CREATE TABLE organizations (
    id             BINARY(16)   NOT NULL,
    name           VARCHAR(255) NOT NULL,
    created_at     DATETIME     NOT NULL,
    updated_at     DATETIME     NULL,
    deactivated_at DATETIME     NULL,
    PRIMARY KEY (id)
  ) ${TABLE_OPTIONS}`,

  // The first two indexes give pages in order, newest first; the last tells how many keys have a
  // status, and which, if they are few. Each holds all that a page's filters ask for, so that a row
  // is read only once it is known to be on the page. revision is written by whoever relies on the
  // row in a transaction: a common row excludes where FOR UPDATE does not (Galera).
  `CREATE TABLE api_keys (
    id              BINARY(16)    NOT NULL,
    organization_id BINARY(16)    NOT NULL,
    label           VARCHAR(255)  NOT NULL,
    description     VARCHAR(1000) NULL,
    scopes          JSON          NOT NULL,
    ip_allow_list   JSON          NOT NULL,
    expires_at      DATETIME      NULL,
    disabled_at     DATETIME      NULL,
    deleted_at      DATETIME      NULL,
    created_by      BINARY(16)    NULL,
    created_at      DATETIME      NOT NULL,
    updated_at      DATETIME      NULL,
    revision        INT UNSIGNED  NOT NULL DEFAULT 0,
    PRIMARY KEY (id),
    KEY api_keys_by_organization (organization_id, deleted_at, id, disabled_at, expires_at),
    KEY api_keys_by_creator (organization_id, created_by, deleted_at, id, disabled_at, expires_at),
    KEY api_keys_by_status (organization_id, deleted_at, disabled_at, expires_at, id, created_by)
  ) ${TABLE_OPTIONS}`,

  `CREATE TABLE api_key_secrets (
    id             BINARY(16)        NOT NULL,
    key_id         BINARY(16)        NOT NULL,
    secret_hash    CHAR(60)          CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    digest         BINARY(32)        NULL,
    pepper_version SMALLINT UNSIGNED NULL,
    masked         VARCHAR(32)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at     DATETIME          NOT NULL,
    not_after      DATETIME          NULL,
    PRIMARY KEY (id),
    KEY api_key_secrets_by_key (key_id, id)
  ) ${TABLE_OPTIONS}`,

  `CREATE TABLE api_key_metrics (
    key_id         BINARY(16)      NOT NULL,
    total_requests BIGINT UNSIGNED NOT NULL,
    last_used_at   DATETIME        NOT NULL,
    PRIMARY KEY (key_id)
  ) ${TABLE_OPTIONS}`,

  // One row for each change that can alter a verdict: of one key, or of a whole organization.
  `CREATE TABLE key_changes (
    id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    organization_id BINARY(16)      NOT NULL,
    key_id          BINARY(16)      NULL,
    created_at      DATETIME(3)     NOT NULL,
    PRIMARY KEY (id),
    KEY key_changes_by_time (created_at)
  ) ${TABLE_OPTIONS}`,

  `CREATE TABLE settings (
    name       VARCHAR(128)  NOT NULL,
    value      VARCHAR(1024) NOT NULL,
    updated_at DATETIME      NOT NULL,
    PRIMARY KEY (name)
  ) ${TABLE_OPTIONS}`,
];

const DOWN = ['settings', 'key_changes', 'api_key_metrics', 'api_key_secrets', 'api_keys', 'organizations'].map(
  (table) => `DROP TABLE ${table}`,
);
