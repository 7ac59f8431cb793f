import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/access/caller.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { newId, type ApiKeyId } from '../common/prefixed-id.js';
import { Database } from '../database/database.js';
import { findExcess } from '../decision/containment.js';
import { actorOf } from '../events/actor.js';
import { apiKeyCreated, apiKeyDeleted, apiKeyUpdated } from '../events/event.js';
import { Events } from '../events/events.js';
import { SecretIssuer } from '../secrets/secret-issuer.js';
import { ActorAuthorizer, type AuthorizedActor } from './actor-authorizer.js';
import { changesOf, newKey, secretRow } from './api-key.factory.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeysReader } from './api-keys-reader.js';
import { ApiKeyNotFoundError, ExceedsCallerError, ExpiryNotInFutureError } from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { ApiKeyWithMetricsResponse } from './dto/api-key-with-metrics.response.js';
import type { CreateApiKeyRequest } from './dto/create-api-key.request.js';
import { CreatedApiKeyResponse } from './dto/created-api-key.response.js';
import { DeletedApiKeyResponse } from './dto/deleted-api-key.response.js';
import type { UpdateApiKeyRequest } from './dto/update-api-key.request.js';

/**
 * The control plane of API keys. Every change is judged and made in one transaction, on both rows as they are at that moment:
 * what a key creates or changes is never stronger than the key itself.
 */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly actors: ActorAuthorizer,
    private readonly events: Events,
    private readonly secrets: SecretIssuer,
    private readonly reader: ApiKeysReader,
  ) {}

  /**
   * Creates a key in the caller's organization. The answer holds the secret, this once.
   * What is left out is taken from the caller: its scopes, its ip_allow_list, its expiry.
   * @throws ExceedsCallerError when the key would be stronger than the caller's
   * @throws ExpiryNotInFutureError
   */
  async create(caller: Caller, request: CreateApiKeyRequest): Promise<CreatedApiKeyResponse> {
    const { organizationId } = caller;
    const id = newId('api_key_');
    // Judged twice: before bcrypt, so that what is refused costs little, and in the transaction that makes it.
    plan(
      await this.database
        .onBehalfOf(caller.organizationId)
        .read((manager) => this.actors.precheck(manager, caller, 'api_keys.create')),
      caller,
      id,
      request,
    );
    const issued = await this.secrets.issue({ keyId: id, organizationId });
    const key = await this.database.onBehalfOf(caller.organizationId).transaction(async (transaction) => {
      const created = plan(await this.actors.authorize(transaction, caller, 'api_keys.create'), caller, id, request);
      await this.keys.insert(transaction.manager, created, secretRow(created, issued));
      await this.events.record(transaction, apiKeyCreated({ actor: actorOf(caller), after: created }));
      return created;
    });
    return CreatedApiKeyResponse.withSecret(key, issued.secret);
  }

  /**
   * Changes what the request names; a field left out stays as it is.
   * @throws ApiKeyNotFoundError
   * @throws ExceedsCallerError when the key is stronger than the caller's, or would become so
   * @throws ExpiryNotInFutureError
   */
  async update(caller: Caller, id: ApiKeyId, request: UpdateApiKeyRequest): Promise<ApiKeyWithMetricsResponse> {
    return this.database.onBehalfOf(caller.organizationId).transaction(async (transaction) => {
      const actor = await this.actors.authorize(transaction, caller, 'api_keys.update', id);
      const key = targetOf(actor, id);
      assertWithin(actor, key, 'that key');
      assertFuture(request.expires_at, actor.now);
      const changes = changesOf(request, actor.now);
      const changed = Object.assign(new ApiKey(), key, changes);
      assertWithin(actor, changed, 'the changed key');
      await this.keys.update(transaction.manager, key, changes);
      await this.events.record(transaction, apiKeyUpdated({ actor: actorOf(caller), before: key, after: changed }));
      // Inside: an answer about a change that has been made must not depend on one more read.
      return this.reader.read(transaction.manager, caller, id);
    });
  }

  /** Deletes a key: its secret stops working at once. Its row stays for the record. @throws ApiKeyNotFoundError */
  async delete(caller: Caller, id: ApiKeyId): Promise<DeletedApiKeyResponse> {
    await this.database.onBehalfOf(caller.organizationId).transaction(async (transaction) => {
      const actor = await this.actors.authorize(transaction, caller, 'api_keys.delete', id);
      const key = targetOf(actor, id);
      const changes = { deletedAt: actor.now, updatedAt: actor.now };
      await this.keys.update(transaction.manager, key, changes);
      const after = Object.assign(new ApiKey(), key, changes);
      await this.events.record(transaction, apiKeyDeleted({ actor: actorOf(caller), before: key, after }));
    });
    return DeletedApiKeyResponse.from(id);
  }
}

/** The row that a create makes, judged by who acts. */
function plan(actor: AuthorizedActor, caller: Caller, id: ApiKeyId, request: CreateApiKeyRequest): ApiKey {
  const planned = newKey(id, caller, actor, request);
  assertFuture(request.expires_at, actor.now);
  assertWithin(actor, planned, 'the new key');
  return planned;
}

function targetOf({ target }: AuthorizedActor, id: ApiKeyId): ApiKey {
  if (target === null) {
    throw new ApiKeyNotFoundError(id);
  }
  return target;
}

function assertWithin(
  { authority }: AuthorizedActor,
  key: ApiKey,
  subject: 'the new key' | 'the changed key' | 'that key',
): void {
  const excess = findExcess({ of: key.authority, over: authority });
  if (excess !== null) {
    throw new ExceedsCallerError(subject, excess);
  }
}

function assertFuture(expiresAt: MysqlDateTime | null | undefined, now: MysqlDateTime): void {
  if (expiresAt !== null && expiresAt !== undefined && expiresAt <= now) {
    throw new ExpiryNotInFutureError(now);
  }
}
