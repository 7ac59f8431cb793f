import { Injectable } from '@nestjs/common';
import { ChangeLog } from '../change-log/change-log.js';
import { InvalidInputError } from '../common/domain-error.js';
import { newId, type OrganizationId } from '../common/prefixed-id.js';
import { textProblem } from '../common/text.js';
import { Database } from '../database/database.js';
import type { Transaction } from '../database/transaction.js';
import { Organization } from './organization.entity.js';
import { OrganizationsRepository } from './organizations.repository.js';

const MAX_NAME_CHARACTERS = 255;

/** Organizations, as operators keep them. */
@Injectable()
export class OrganizationsService {
  private readonly database: Database;

  constructor(
    database: Database,
    private readonly organizations: OrganizationsRepository,
    private readonly changeLog: ChangeLog,
  ) {
    this.database = database.over('system');
  }

  /** @throws InvalidInputError for a name that is blank, too long or cannot be stored */
  async create(name: string): Promise<Organization> {
    assertName(name);
    return this.database.transaction((transaction) => this.insert(transaction, name));
  }

  /** Creates the first organization of a new database; null when there is one. Of two that try at once, one succeeds. */
  async createFirst(name: string): Promise<Organization | null> {
    return this.database.transaction(async (transaction) => {
      await transaction.serialize('first organization');
      return (await this.organizations.isAny(transaction.manager)) ? null : this.insert(transaction, name);
    });
  }

  /** Every organization, oldest first. */
  async list(): Promise<Organization[]> {
    return this.database.read((manager) => this.organizations.list(manager));
  }

  /** Stops every key of the organization. Does nothing to one that is stopped. @throws OrganizationNotFoundError */
  async deactivate(id: OrganizationId): Promise<Organization> {
    return this.setActive(id, false);
  }

  /** Lets the organization's keys work again. @throws OrganizationNotFoundError */
  async reactivate(id: OrganizationId): Promise<Organization> {
    return this.setActive(id, true);
  }

  private async insert(transaction: Transaction, name: string): Promise<Organization> {
    const organization = Object.assign(new Organization(), {
      id: newId('org_'),
      name,
      createdAt: await transaction.now(),
      updatedAt: null,
      deactivatedAt: null,
    });
    await this.organizations.insert(transaction.manager, organization);
    return organization;
  }

  private async setActive(id: OrganizationId, active: boolean): Promise<Organization> {
    return this.database.transaction(async (transaction) => {
      const organization = await this.organizations.get(transaction.manager, id);
      if (organization.isActive === active) {
        return organization;
      }
      const now = await transaction.now();
      const changed = { deactivatedAt: active ? null : now, updatedAt: now };
      await this.organizations.update(transaction.manager, id, changed);
      this.changeLog.record(transaction, { organizationId: id });
      return Object.assign(organization, changed);
    });
  }
}

function assertName(name: string): void {
  const problem = textProblem(name, MAX_NAME_CHARACTERS, false);
  if (problem !== null) {
    throw new InvalidInputError('The organization is invalid: see below for what to mend.', {
      fields: { name: problem },
    });
  }
}
