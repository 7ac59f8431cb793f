import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';

/** An id that no key has. Used in place of another organization's, so that the work is the same. */
const NO_KEY: ApiKeyId = 'api_key_00000000-0000-7000-8000-000000000000';

/**
 * Queries about single keys (pages: `findPage`). The organization is always part of the condition.
 */
@Injectable()
export class ApiKeysRepository {
  async insert(manager: EntityManager, key: ApiKey, secret: ApiKeySecret): Promise<void> {
    await manager.insert(ApiKey, key);
    await manager.insert(ApiKeySecret, secret);
  }

  /** Finds deleted keys too: a caller learns that its own key was deleted. */
  async findEvenDeleted(manager: EntityManager, organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKey | null> {
    return manager.findOneBy(ApiKey, { id, organizationId });
  }

  async findOwned(manager: EntityManager, organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKey | null> {
    return manager.findOneBy(ApiKey, { id, organizationId, deletedAt: IsNull() });
  }

  /**
   * Reads keys, deleted ones too, and locks their rows until the transaction ends. In the order of
   * their ids, so that two transactions cannot wait for each other. One by one, by primary key: for
   * several at once in a small organization the server would use the organization's index and lock
   * other keys too.
   */
  async lock(manager: EntityManager, organizationId: OrganizationId, ids: readonly ApiKeyId[]): Promise<ApiKey[]> {
    const locked: ApiKey[] = [];
    for (const id of [...new Set(ids)].sort()) {
      // Two queries, because the server locks a row before it compares the organization, and keeps
      // the lock.
      const owned = await manager.findOne(ApiKey, { select: { id: true }, where: { id, organizationId } });
      const where = { id: owned?.id ?? NO_KEY, organizationId };
      const key = await manager.findOne(ApiKey, { where, lock: { mode: 'pessimistic_write' } });
      if (key !== null) {
        locked.push(key);
      }
    }
    return locked;
  }

  /**
   * Writes a key's row without changing the key, so that a transaction that relies on the row
   * excludes one that changes it. On Galera only a common write does, because a lock holds on one
   * node only.
   */
  async touch(manager: EntityManager, id: ApiKeyId): Promise<void> {
    await manager.query('UPDATE api_keys SET revision = revision + 1 WHERE id = ?', [idToBytes('api_key_', id)]);
  }

  async update(manager: EntityManager, key: ApiKey, changes: Partial<ApiKey>): Promise<void> {
    await manager.update(ApiKey, { id: key.id, organizationId: key.organizationId }, changes);
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
      // The order of the index, so the server does not sort.
      .orderBy('secret.keyId')
      .addOrderBy('secret.id')
      .getMany();
    return new Map(secrets.map((secret) => [secret.keyId, secret.masked]));
  }
}
