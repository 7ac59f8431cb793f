import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnknownApiKeyError } from '../common/access/access-errors.js';
import type { Caller, KeyCaller } from '../common/access/caller.js';
import { SCOPE_CATALOGUE, SCOPES, type Scope } from '../common/access/scope.js';
import { mysqlDateTimeToMs, type MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import { Database } from '../database/database.js';
import { utcNow, type Transaction } from '../database/transaction.js';
import type { Authority } from '../decision/containment.js';
import { decide } from '../decision/decide.js';
import { compileSnapshot } from '../decision/key-snapshot.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import { OrganizationInactiveError } from '../organizations/organizations.errors.js';
import { OrganizationsRepository } from '../organizations/organizations.repository.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyNotFoundError } from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** A caller that may make the change. */
export interface AuthorizedActor {
  /** What the actor may grant. */
  readonly authority: Authority;
  /** Null: an operator. */
  readonly keyId: ApiKeyId | null;
  /** The database's time, read after the locks were acquired. */
  readonly now: MysqlDateTime;
}

/** A caller that may make the change, and the key to change, locked. */
export interface AuthorizedChange extends AuthorizedActor {
  readonly target: ApiKey;
}

const OPERATOR_AUTHORITY: Authority = { scopes: SCOPES, networks: [], expiresAt: null };

/**
 * Authorizes a caller inside the transaction that makes the change, on rows that are read and
 * locked there. What the guards saw does not count, because the key can have been revoked since.
 */
@Injectable()
export class ActorAuthorizer {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly organizations: OrganizationsRepository,
  ) {}

  /**
   * Checks a caller on unlocked rows, so that a request that would fail anyway fails early.
   * @throws the error that the guards would throw, if the caller is not authorized any more
   */
  async precheck(caller: Caller, scope: Scope): Promise<AuthorizedActor> {
    return this.database.onBehalfOf(caller.organizationId).read(async (manager) => {
      if (caller.kind === 'operator') {
        return this.checkOperator(manager, caller.organizationId);
      }
      const key = await this.keys.findEvenDeleted(manager, caller.organizationId, caller.keyId);
      return this.checkKey(manager, caller, scope, key);
    });
  }

  /**
   * Does the work in a transaction in which the caller is authorized.
   * @throws the error that the guards would throw, if the caller is not authorized any more
   */
  async authorize<T>(
    caller: Caller,
    scope: Scope,
    work: (transaction: Transaction, actor: AuthorizedActor) => Promise<T>,
  ): Promise<T> {
    return this.database.onBehalfOf(caller.organizationId).transaction(async (transaction) => {
      const { actor } = await this.lock(transaction, caller, scope, []);
      return work(transaction, actor);
    });
  }

  /**
   * The same, for a change to a key of the caller's organization.
   * @throws ApiKeyNotFoundError if the organization has no such key, or it is deleted
   */
  async authorizeFor<T>(
    caller: Caller,
    scope: Scope,
    targetId: ApiKeyId,
    work: (transaction: Transaction, change: AuthorizedChange) => Promise<T>,
  ): Promise<T> {
    return this.database.onBehalfOf(caller.organizationId).transaction(async (transaction) => {
      const { actor, locked } = await this.lock(transaction, caller, scope, [targetId]);
      const target = locked.find(({ id, deletedAt }) => id === targetId && deletedAt === null);
      if (target === undefined) {
        throw new ApiKeyNotFoundError(targetId);
      }
      return work(transaction, { ...actor, target });
    });
  }

  private async lock(
    { manager }: Transaction,
    caller: Caller,
    scope: Scope,
    targetIds: readonly ApiKeyId[],
  ): Promise<{ actor: AuthorizedActor; locked: readonly ApiKey[] }> {
    const { organizationId } = caller;
    if (caller.kind === 'operator') {
      const locked = await this.keys.lock(manager, organizationId, targetIds);
      return { actor: await this.checkOperator(manager, organizationId), locked };
    }
    const locked = await this.keys.lock(manager, organizationId, [caller.keyId, ...targetIds]);
    await this.keys.touch(manager, caller.keyId);
    const key = locked.find(({ id }) => id === caller.keyId) ?? null;
    return { actor: await this.checkKey(manager, caller, scope, key), locked };
  }

  private async checkKey(
    manager: EntityManager,
    caller: KeyCaller,
    scope: Scope,
    key: ApiKey | null,
  ): Promise<AuthorizedActor> {
    if (key === null) {
      throw new UnknownApiKeyError();
    }
    const organization = await this.organizations.get(manager, caller.organizationId);
    const now = await utcNow(manager);
    const attempt = { scopes: SCOPE_CATALOGUE.setOf([scope]), address: caller.address };
    const error = errorForVerdict(decide(compileSnapshot(key, organization.isActive), attempt, mysqlDateTimeToMs(now)));
    if (error !== null) {
      throw error;
    }
    return { authority: key.authority, keyId: key.id, now };
  }

  private async checkOperator(manager: EntityManager, organizationId: OrganizationId): Promise<AuthorizedActor> {
    const organization = await this.organizations.get(manager, organizationId);
    if (!organization.isActive) {
      throw new OrganizationInactiveError(organizationId);
    }
    return { authority: OPERATOR_AUTHORITY, keyId: null, now: await utcNow(manager) };
  }
}
