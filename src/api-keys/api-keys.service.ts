import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/access/caller.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { newId, type ApiKeyId } from '../common/prefixed-id.js';
import { findExcess } from '../decision/containment.js';
import { actorOf } from '../events/actor.js';
import { apiKeyCreated, apiKeyDeleted, apiKeyUpdated } from '../events/event.js';
import { Events } from '../events/events.js';
import { SecretIssuer } from '../secrets/secret-issuer.js';
import { ActorAuthorizer, type AuthorizedActor } from './actor-authorizer.js';
import { changesOf, newKey, newSecret } from './api-key.factory.js';
import { ApiKey } from './api-key.entity.js';
import { ExceedsCallerError, ExpiryNotInFutureError } from './api-keys.errors.js';
import { ApiKeysQueries } from './api-keys.queries.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { ApiKeyWithMetricsResponse } from './dto/api-key-with-metrics.response.js';
import type { CreateApiKeyRequest } from './dto/create-api-key.request.js';
import { CreatedApiKeyResponse } from './dto/created-api-key.response.js';
import { DeletedApiKeyResponse } from './dto/deleted-api-key.response.js';
import type { UpdateApiKeyRequest } from './dto/update-api-key.request.js';

/**
 * The write side of API keys. Each change is authorized and made in one transaction, on the current
 * rows of the actor and of the key. A key that a key creates or changes is never stronger than it.
 */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly actors: ActorAuthorizer,
    private readonly events: Events,
    private readonly secrets: SecretIssuer,
    private readonly queries: ApiKeysQueries,
  ) {}

  /**
   * Creates a key in the caller's organization. Only this response contains the secret. Scopes,
   * ip_allow_list and expiry that the request omits are copied from the caller.
   * @throws ExceedsCallerError if the key would be stronger than the caller's
   * @throws ExpiryNotInFutureError
   */
  async create(caller: Caller, request: CreateApiKeyRequest): Promise<CreatedApiKeyResponse> {
    const { organizationId } = caller;
    const id = newId('api_key_');
    // Checked twice: before bcrypt, so that a refusal is cheap, and in the transaction.
    plannedKey(await this.actors.precheck(caller, 'api_keys.create'), caller, id, request);
    const issued = await this.secrets.issue({ keyId: id, organizationId });
    const key = await this.actors.authorize(caller, 'api_keys.create', async (transaction, actor) => {
      const created = plannedKey(actor, caller, id, request);
      const secret = newSecret({ keyId: id, issued, createdAt: actor.now });
      await this.keys.insert(transaction.manager, created, secret);
      await this.events.record(transaction, apiKeyCreated({ actor: actorOf(caller), after: created }));
      return created;
    });
    return CreatedApiKeyResponse.withSecret(key, issued.secret);
  }

  /**
   * Changes the fields that the request contains; an omitted field keeps its value.
   * @throws ApiKeyNotFoundError
   * @throws ExceedsCallerError if the key is stronger than the caller's, or would become so
   * @throws ExpiryNotInFutureError
   */
  async update(caller: Caller, id: ApiKeyId, request: UpdateApiKeyRequest): Promise<ApiKeyWithMetricsResponse> {
    return this.actors.authorizeFor(caller, 'api_keys.update', id, async (transaction, change) => {
      const { target: before, now } = change;
      assertWithin(change, before, 'that key');
      assertFuture(request.expires_at, now);
      const changes = changesOf(request, now);
      const after = Object.assign(new ApiKey(), before, changes);
      assertWithin(change, after, 'the changed key');
      await this.keys.update(transaction.manager, before, changes);
      await this.events.record(transaction, apiKeyUpdated({ actor: actorOf(caller), before, after }));
      // In the transaction, because the response to a committed change must not depend on another
      // read.
      return this.queries.read(transaction.manager, caller, id);
    });
  }

  /**
   * Deletes a key. Its secret is invalid at once; its row stays for the record.
   * @throws ApiKeyNotFoundError
   */
  async delete(caller: Caller, id: ApiKeyId): Promise<DeletedApiKeyResponse> {
    return this.actors.authorizeFor(caller, 'api_keys.delete', id, async (transaction, { target: before, now }) => {
      const changes = { deletedAt: now, updatedAt: now };
      const after = Object.assign(new ApiKey(), before, changes);
      await this.keys.update(transaction.manager, before, changes);
      await this.events.record(transaction, apiKeyDeleted({ actor: actorOf(caller), before, after }));
      return DeletedApiKeyResponse.from(id);
    });
  }
}

/** The row that a create inserts, if the actor may create it. */
function plannedKey(actor: AuthorizedActor, caller: Caller, id: ApiKeyId, request: CreateApiKeyRequest): ApiKey {
  const planned = newKey(id, caller, actor, request);
  assertFuture(request.expires_at, actor.now);
  assertWithin(actor, planned, 'the new key');
  return planned;
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
