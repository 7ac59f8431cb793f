import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';

/** The id of no key: asked for in the place of one that is not the organization's, so that the work is the same. */
const NO_KEY: ApiKeyId = 'api_key_00000000-0000-7000-8000-000000000000';

/** What is asked of single keys; pages of them are found by `ApiKeysPageQuery`. The owner is always part of the question. */
@Injectable()
export class ApiKeysRepository {
  async insert(manager: EntityManager, key: ApiKey, secret: ApiKeySecret): Promise<void> {
    await manager.insert(ApiKey, key);
    await manager.insert(ApiKeySecret, secret);
  }

  /** For judging a caller, who must be told that its key was deleted. */
  async findEvenDeleted(manager: EntityManager, organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKey | null> {
    return manager.findOneBy(ApiKey, { id, organizationId });
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
      // Not in one query: the server locks the row that the id finds before it looks whose it is, and keeps that lock.
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
   * Writes a key's row without changing what it says, so that a transaction which relies on the row excludes one that changes
   * it. On Galera only a common write does: a lock holds on one node alone.
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
      // As the index has them: sorted by the server's reading alone.
      .orderBy('secret.keyId')
      .addOrderBy('secret.id')
      .getMany();
    return new Map(secrets.map((secret) => [secret.keyId, secret.masked]));
  }
}
