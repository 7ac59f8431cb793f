import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import { DateTimeColumn, IdColumn } from '../database/columns.js';

/** What is stored in place of a secret. A row of its own, so that a key can have two of them for a while. */
@Entity('api_key_secrets')
export class ApiKeySecret {
  /** The id that the secret itself carries; it has no prefix, for nobody names it. */
  @PrimaryColumn({ type: 'binary', length: 16 })
  id!: Buffer;

  @IdColumn('api_key_', { name: 'key_id' })
  keyId!: ApiKeyId;

  /** bcrypt of the secret. */
  @Column({ name: 'secret_hash', type: 'char', length: 60 })
  secretHash!: string;

  /** HMAC-SHA-256 of the secret, bound to key and organization; null for an imported secret that was never seen. */
  @Column({ type: 'binary', length: 32, nullable: true })
  digest!: Buffer | null;

  @Column({ name: 'pepper_version', type: 'smallint', unsigned: true, nullable: true })
  pepperVersion!: number | null;

  @Column({ type: 'varchar', length: 32 })
  masked!: string;

  @DateTimeColumn({ name: 'created_at' })
  createdAt!: MysqlDateTime;

  /** From when on this secret, not the key, is expired; null: never. */
  @DateTimeColumn({ name: 'not_after', nullable: true })
  notAfter!: MysqlDateTime | null;
}
