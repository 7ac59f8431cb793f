import { Injectable } from '@nestjs/common';
import { InvalidInputError } from '../common/domain-error.js';
import { newId, type OrganizationId } from '../common/prefixed-id.js';
import { textProblem } from '../common/text.js';
import { Database } from '../database/database.js';
import type { Transaction } from '../database/transaction.js';
import { operatorActor, type EventActor } from '../events/actor.js';
import { organizationCreated, organizationDeactivated, organizationReactivated } from '../events/event.js';
import { Events } from '../events/events.js';
import { Organization } from './organization.entity.js';
import { OrganizationsRepository } from './organizations.repository.js';

const MAX_NAME_CHARACTERS = 255;

/** Creates, deactivates and reactivates organizations. Only operators can. */
@Injectable()
export class OrganizationsService {
  private readonly database: Database;

  constructor(
    database: Database,
    private readonly organizations: OrganizationsRepository,
    private readonly events: Events,
  ) {
    this.database = database.over('system');
  }

  /** @throws InvalidInputError for a name that is blank, too long or cannot be stored */
  async create(name: string, actor = newOperator()): Promise<Organization> {
    assertName(name);
    return this.database.transaction((transaction) => this.insert(transaction, name, actor));
  }

  /**
   * Creates the first organization of a new database. Returns null if there is one already. If two
   * instances try at the same time, one succeeds.
   */
  async createFirst(name: string, actor = newOperator()): Promise<Organization | null> {
    return this.database.transaction(async (transaction) => {
      await transaction.serialize('first organization');
      return (await this.organizations.isAny(transaction.manager)) ? null : this.insert(transaction, name, actor);
    });
  }

  /** Every organization, oldest first. */
  async list(): Promise<Organization[]> {
    return this.database.read((manager) => this.organizations.list(manager));
  }

  /**
   * Makes every key of the organization invalid. Changes nothing if it is deactivated already.
   * @throws OrganizationNotFoundError
   */
  async deactivate(id: OrganizationId, actor = newOperator()): Promise<Organization> {
    return this.database.transaction(async (transaction) => {
      const before = await this.organizations.lock(transaction.manager, id);
      if (!before.isActive) {
        return before;
      }
      const now = await transaction.now();
      const after = await this.update(transaction, before, { deactivatedAt: now, updatedAt: now });
      await this.events.record(transaction, organizationDeactivated({ actor, before, after }));
      return after;
    });
  }

  /**
   * Makes the organization's keys valid again. Changes nothing if it is active already.
   * @throws OrganizationNotFoundError
   */
  async reactivate(id: OrganizationId, actor = newOperator()): Promise<Organization> {
    return this.database.transaction(async (transaction) => {
      const before = await this.organizations.lock(transaction.manager, id);
      if (before.isActive) {
        return before;
      }
      const after = await this.update(transaction, before, {
        deactivatedAt: null,
        updatedAt: await transaction.now(),
      });
      await this.events.record(transaction, organizationReactivated({ actor, before, after }));
      return after;
    });
  }

  private async insert(transaction: Transaction, name: string, actor: EventActor): Promise<Organization> {
    const organization = Object.assign(new Organization(), {
      id: newId('org_'),
      name,
      createdAt: await transaction.now(),
      updatedAt: null,
      deactivatedAt: null,
    });
    await this.organizations.insert(transaction.manager, organization);
    await this.events.record(transaction, organizationCreated({ actor, after: organization }));
    return organization;
  }

  private async update(
    { manager }: Transaction,
    before: Organization,
    changes: Pick<Organization, 'deactivatedAt' | 'updatedAt'>,
  ): Promise<Organization> {
    await this.organizations.update(manager, before.id, changes);
    return Object.assign(new Organization(), before, changes);
  }
}

/** The actor of a command: each command has a request id of its own. */
function newOperator(): EventActor {
  return operatorActor(newId('req_'));
}

function assertName(name: string): void {
  const problem = textProblem(name, MAX_NAME_CHARACTERS);
  if (problem !== null) {
    throw new InvalidInputError('The organization is invalid.', {
      fields: { name: problem },
    });
  }
}
