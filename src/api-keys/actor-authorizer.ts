import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCredentialsError } from '../common/access/access-errors.js';
import type { Caller, KeyCaller } from '../common/access/caller.js';
import { SCOPE_CATALOGUE, SCOPES, type Scope } from '../common/access/scope.js';
import { mysqlDateTimeToMs, type MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import type { Transaction } from '../database/transaction.js';
import { utcNow } from '../database/utc-now.js';
import type { Authority } from '../decision/containment.js';
import { decide } from '../decision/decide.js';
import { compileSnapshot } from '../decision/key-snapshot.js';
import { errorForVerdict } from '../decision/verdict-error.js';
import { OrganizationInactiveError } from '../organizations/organizations.errors.js';
import { OrganizationsRepository } from '../organizations/organizations.repository.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** Who changes a key, as the transaction that changes it found them. */
export interface AuthorizedActor {
  readonly authority: Authority;
  /** Null: an operator. */
  readonly keyId: ApiKeyId | null;
  /** The key to be changed, locked; null when there is none in the caller's organization. */
  readonly target: ApiKey | null;
  /** The database's time, once the locks were held. */
  readonly now: MysqlDateTime;
}

const OPERATOR_AUTHORITY: Authority = { scopes: SCOPES, networks: [], expiresAt: null };

/**
 * Judges a caller anew inside the transaction that makes the change, on rows read and locked there and never on what the
 * guards saw: a key revoked a moment ago changes nothing.
 */
@Injectable()
export class ActorAuthorizer {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly organizations: OrganizationsRepository,
  ) {}

  /**
   * Judges a caller on rows as they are now, unlocked: only to refuse early what would be refused anyway.
   * @throws the refusal that the guards would give, when the caller may not do this any more
   */
  async precheck(manager: EntityManager, caller: Caller, scope: Scope): Promise<AuthorizedActor> {
    const key =
      caller.kind === 'key' ? await this.keys.findEvenDeleted(manager, caller.organizationId, caller.keyId) : null;
    return caller.kind === 'key'
      ? this.authorizeKey(manager, caller, scope, key)
      : this.authorizeOperator(manager, caller.organizationId);
  }

  /** @throws the refusal that the guards would give, when the caller may not do this any more */
  async authorize(
    transaction: Transaction,
    caller: Caller,
    scope: Scope,
    targetId?: ApiKeyId,
  ): Promise<AuthorizedActor> {
    return caller.kind === 'key'
      ? this.lockKey(transaction, caller, scope, targetId)
      : this.lockOperator(transaction, caller, targetId);
  }

  private async lockKey(
    { manager }: Transaction,
    caller: KeyCaller,
    scope: Scope,
    targetId?: ApiKeyId,
  ): Promise<AuthorizedActor> {
    const ids = targetId === undefined ? [caller.keyId] : [caller.keyId, targetId];
    const locked = await this.keys.lock(manager, caller.organizationId, ids);
    await this.keys.touch(manager, caller.keyId);
    const key = locked.find(({ id }) => id === caller.keyId) ?? null;
    return { ...(await this.authorizeKey(manager, caller, scope, key)), target: undeleted(locked, targetId) };
  }

  private async authorizeKey(
    manager: EntityManager,
    caller: KeyCaller,
    scope: Scope,
    key: ApiKey | null,
  ): Promise<AuthorizedActor> {
    if (key === null) {
      throw new InvalidCredentialsError('This API key is not valid.');
    }
    const organization = await this.organizations.get(manager, caller.organizationId);
    const now = await utcNow(manager);
    const attempt = { scopes: SCOPE_CATALOGUE.setOf([scope]), address: caller.address };
    const refusal = errorForVerdict(
      decide(compileSnapshot(key, organization.isActive), attempt, mysqlDateTimeToMs(now)),
    );
    if (refusal !== null) {
      throw refusal;
    }
    return { authority: key.authority, keyId: key.id, target: null, now };
  }

  private async lockOperator(
    { manager }: Transaction,
    { organizationId }: Caller,
    targetId?: ApiKeyId,
  ): Promise<AuthorizedActor> {
    const locked = targetId === undefined ? [] : await this.keys.lock(manager, organizationId, [targetId]);
    return { ...(await this.authorizeOperator(manager, organizationId)), target: undeleted(locked, targetId) };
  }

  private async authorizeOperator(manager: EntityManager, organizationId: OrganizationId): Promise<AuthorizedActor> {
    const organization = await this.organizations.get(manager, organizationId);
    if (!organization.isActive) {
      throw new OrganizationInactiveError(organizationId);
    }
    return { authority: OPERATOR_AUTHORITY, keyId: null, target: null, now: await utcNow(manager) };
  }
}

function undeleted(locked: readonly ApiKey[], targetId: ApiKeyId | undefined): ApiKey | null {
  return locked.find(({ id, deletedAt }) => id === targetId && deletedAt === null) ?? null;
}
