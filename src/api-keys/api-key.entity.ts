import { Column, Entity } from 'typeorm';
import type { Scope } from '../common/access/scope.js';
import { IpNetwork } from '../common/net/ip-network.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import { DateTimeColumn, IdColumn, PrimaryIdColumn } from '../database/columns.js';
import type { Authority } from '../decision/containment.js';

/** An API key: its name, scopes, addresses and lifetime. Its secrets have rows of their own. */
@Entity('api_keys')
export class ApiKey {
  @PrimaryIdColumn('api_key_')
  id!: ApiKeyId;

  @IdColumn('org_', { name: 'organization_id' })
  organizationId!: OrganizationId;

  @Column({ type: 'varchar', length: 255 })
  label!: string;

  @Column({ type: 'varchar', length: 1000, nullable: true })
  description!: string | null;

  @Column({ type: 'json' })
  scopes!: Scope[];

  /** In canonical form; empty: any address. */
  @Column({ name: 'ip_allow_list', type: 'json' })
  ipAllowList!: string[];

  @DateTimeColumn({ name: 'expires_at', nullable: true })
  expiresAt!: MysqlDateTime | null;

  @DateTimeColumn({ name: 'disabled_at', nullable: true })
  disabledAt!: MysqlDateTime | null;

  /** When it was deleted. The row stays for the record. */
  @DateTimeColumn({ name: 'deleted_at', nullable: true })
  deletedAt!: MysqlDateTime | null;

  /** The key that created it; null: an operator. */
  @IdColumn('api_key_', { name: 'created_by', nullable: true })
  createdBy!: ApiKeyId | null;

  @DateTimeColumn({ name: 'created_at' })
  createdAt!: MysqlDateTime;

  @DateTimeColumn({ name: 'updated_at', nullable: true })
  updatedAt!: MysqlDateTime | null;

  /**
   * Incremented by a transaction that relies on the row, so that it excludes one that changes the
   * row. Says nothing about the key.
   */
  @Column({ type: 'int', unsigned: true })
  revision!: number;

  /** The strength of the key. */
  get authority(): Authority {
    return {
      scopes: this.scopes,
      networks: this.ipAllowList.map((text) => IpNetwork.parse(text)),
      expiresAt: this.expiresAt,
    };
  }
}
