import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';

export const API_KEY_STATUSES = ['active', 'disabled', 'expired'] as const;
export type ApiKeyStatus = (typeof API_KEY_STATUSES)[number];

/** Which page of an organization's keys. */
export interface ApiKeysPage {
  readonly limit: number;
  /** Only keys older than this id; compared, never looked up. */
  readonly after: ApiKeyId | undefined;
  readonly status: ApiKeyStatus | undefined;
  readonly createdBy: ApiKeyId | undefined;
}

/** Every question that is asked of keys. The owner is always part of it. */
@Injectable()
export class ApiKeysRepository {
  async insert(manager: EntityManager, key: ApiKey, secret: ApiKeySecret): Promise<void> {
    await manager.insert(ApiKey, key);
    await manager.insert(ApiKeySecret, secret);
  }

  async findOwned(manager: EntityManager, organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKey | null> {
    return manager.findOneBy(ApiKey, { id, organizationId, deletedAt: IsNull() });
  }

  /**
   * The keys of these ids, deleted ones too, locked until the transaction ends. In one order for everybody, so that two cannot
   * wait for each other; and one by one, by primary key: for several at once in a small organization the server takes the
   * organization's index, and locks the others in it too.
   */
  async lock(manager: EntityManager, organizationId: OrganizationId, ids: readonly ApiKeyId[]): Promise<ApiKey[]> {
    const locked: ApiKey[] = [];
    for (const id of [...new Set(ids)].sort()) {
      const key = await manager.findOne(ApiKey, { where: { id, organizationId }, lock: { mode: 'pessimistic_write' } });
      if (key !== null) {
        locked.push(key);
      }
    }
    return locked;
  }

  /**
   * Writes a key's row without changing what it says, so that a transaction which relies on the row excludes one that changes
   * it. On Galera only a common write does: a lock holds on one node alone.
   */
  async touch(manager: EntityManager, id: ApiKeyId): Promise<void> {
    await manager.query('UPDATE api_keys SET revision = revision + 1 WHERE id = ?', [idToBytes('api_key_', id)]);
  }

  async update(manager: EntityManager, key: ApiKey, changes: Partial<ApiKey>): Promise<void> {
    await manager.update(ApiKey, { id: key.id, organizationId: key.organizationId }, changes);
  }

  /** Newest first. */
  async list(manager: EntityManager, organizationId: OrganizationId, page: ApiKeysPage): Promise<ApiKey[]> {
    const query = manager
      .createQueryBuilder(ApiKey, 'api_key')
      .where('api_key.organization_id = :organization', { organization: idToBytes('org_', organizationId) })
      .andWhere('api_key.deleted_at IS NULL')
      .orderBy('api_key.id', 'DESC')
      .limit(page.limit);
    if (page.after !== undefined) {
      query.andWhere('api_key.id < :after', { after: idToBytes('api_key_', page.after) });
    }
    if (page.createdBy !== undefined) {
      query.andWhere('api_key.created_by = :createdBy', { createdBy: idToBytes('api_key_', page.createdBy) });
    }
    if (page.status !== undefined) {
      withStatus(query, page.status);
    }
    return query.getMany();
  }

  /** The masked form of each key's newest secret. */
  async maskedSecrets(manager: EntityManager, ids: readonly ApiKeyId[]): Promise<Map<ApiKeyId, string>> {
    if (ids.length === 0) {
      return new Map();
    }
    const secrets = await manager
      .createQueryBuilder(ApiKeySecret, 'secret')
      .select(['secret.id', 'secret.keyId', 'secret.masked'])
      .where('secret.key_id IN (:...ids)', { ids: ids.map((id) => idToBytes('api_key_', id)) })
      .orderBy('secret.id')
      .getMany();
    return new Map(secrets.map((secret) => [secret.keyId, secret.masked]));
  }
}

function withStatus(query: SelectQueryBuilder<ApiKey>, status: ApiKeyStatus): void {
  switch (status) {
    case 'disabled':
      query.andWhere('api_key.disabled_at IS NOT NULL');
      return;
    case 'expired':
      query.andWhere('api_key.disabled_at IS NULL AND api_key.expires_at <= UTC_TIMESTAMP()');
      return;
    case 'active':
      query.andWhere(
        'api_key.disabled_at IS NULL AND (api_key.expires_at IS NULL OR api_key.expires_at > UTC_TIMESTAMP())',
      );
      return;
  }
}
