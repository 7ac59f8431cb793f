import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { OrganizationId } from '../common/prefixed-id.js';
import { OrganizationNotFoundError } from './organizations.errors.js';
import { Organization } from './organization.entity.js';

/** The queries about organizations. */
@Injectable()
export class OrganizationsRepository {
  async insert(manager: EntityManager, organization: Organization): Promise<void> {
    await manager.insert(Organization, organization);
  }

  /** Oldest first. */
  async list(manager: EntityManager): Promise<Organization[]> {
    return manager.find(Organization, { order: { id: 'ASC' } });
  }

  /** Whether an organization exists. */
  async isAny(manager: EntityManager): Promise<boolean> {
    return manager.exists(Organization);
  }

  /** @throws OrganizationNotFoundError */
  async get(manager: EntityManager, id: OrganizationId): Promise<Organization> {
    const organization = await manager.findOneBy(Organization, { id });
    if (organization === null) {
      throw new OrganizationNotFoundError(id);
    }
    return organization;
  }

  /**
   * Reads an organization and locks its row until the transaction ends.
   * @throws OrganizationNotFoundError
   */
  async lock(manager: EntityManager, id: OrganizationId): Promise<Organization> {
    const organization = await manager.findOne(Organization, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (organization === null) {
      throw new OrganizationNotFoundError(id);
    }
    return organization;
  }

  async update(
    manager: EntityManager,
    id: OrganizationId,
    changes: Pick<Organization, 'deactivatedAt' | 'updatedAt'>,
  ): Promise<void> {
    await manager.update(Organization, { id }, changes);
  }
}
