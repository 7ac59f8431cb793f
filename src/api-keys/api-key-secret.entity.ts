import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import { DateTimeColumn, IdColumn } from '../database/columns.js';

/**
 * The record of a secret, never the secret. It has its own row, so that a key can have two secrets
 * during a rotation.
 */
@Entity('api_key_secrets')
export class ApiKeySecret {
  /** The id that the secret itself contains. It has no prefix because it is not part of the API. */
  @PrimaryColumn({ type: 'binary', length: 16 })
  id!: Buffer;

  @IdColumn('api_key_', { name: 'key_id' })
  keyId!: ApiKeyId;

  /** bcrypt of the secret. */
  @Column({ name: 'secret_hash', type: 'char', length: 60 })
  secretHash!: string;

  /**
   * HMAC-SHA-256 of the secret, bound to key and organization. Null for an imported secret until
   * its first use.
   */
  @Column({ type: 'binary', length: 32, nullable: true })
  digest!: Buffer | null;

  @Column({ name: 'pepper_version', type: 'smallint', unsigned: true, nullable: true })
  pepperVersion!: number | null;

  @Column({ type: 'varchar', length: 32 })
  masked!: string;

  @DateTimeColumn({ name: 'created_at' })
  createdAt!: MysqlDateTime;

  /** When this secret, not the key, expires; null: never. */
  @DateTimeColumn({ name: 'not_after', nullable: true })
  notAfter!: MysqlDateTime | null;
}
