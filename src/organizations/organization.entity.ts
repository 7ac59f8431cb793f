import { Column, Entity } from 'typeorm';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { OrganizationId } from '../common/prefixed-id.js';
import { DateTimeColumn, PrimaryIdColumn } from '../database/columns.js';

/** The owner of API keys: one tenant of the platform. */
@Entity('organizations')
export class Organization {
  @PrimaryIdColumn('org_')
  id!: OrganizationId;

  @Column({ type: 'varchar', length: 255 })
  name!: string;

  @DateTimeColumn({ name: 'created_at' })
  createdAt!: MysqlDateTime;

  @DateTimeColumn({ name: 'updated_at', nullable: true })
  updatedAt!: MysqlDateTime | null;

  /** When it was deactivated. None of its keys is valid while this is set. */
  @DateTimeColumn({ name: 'deactivated_at', nullable: true })
  deactivatedAt!: MysqlDateTime | null;

  /** Whether its keys can be valid. */
  get isActive(): boolean {
    return this.deactivatedAt === null;
  }
}
