import type { Caller } from '../common/access/caller.js';
import { SCOPE_CATALOGUE } from '../common/access/scope.js';
import { canonicalNetworks } from '../common/net/ip-network.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import type { IssuedSecret } from '../secrets/secret-issuer.js';
import type { AuthorizedActor } from './actor-authorizer.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import type { CreateApiKeyRequest } from './dto/create-api-key.request.js';
import type { UpdateApiKeyRequest } from './dto/update-api-key.request.js';

/** The row of a new key. Fields that the request omits are copied from the actor. */
export function newKey(
  id: ApiKeyId,
  caller: Caller,
  { authority, keyId, now }: AuthorizedActor,
  request: CreateApiKeyRequest,
): ApiKey {
  const columns: Omit<ApiKey, 'authority'> = {
    id,
    organizationId: caller.organizationId,
    label: request.label,
    description: request.description ?? null,
    scopes: [...new Set(request.scopes ?? authority.scopes.filter((scope) => SCOPE_CATALOGUE.has(scope)))],
    ipAllowList:
      request.ip_allow_list === undefined
        ? authority.networks.map(String)
        : canonicalNetworks(request.ip_allow_list ?? []),
    expiresAt: request.expires_at === undefined ? authority.expiresAt : request.expires_at,
    disabledAt: null,
    deletedAt: null,
    createdBy: keyId,
    createdAt: now,
    updatedAt: null,
    revision: 0,
  };
  return Object.assign(new ApiKey(), columns);
}

/**
 * The row of a new secret. A rotation gives an old key a new secret, so `createdAt` is not the
 * key's.
 */
export function newSecret({
  keyId,
  issued,
  createdAt,
}: {
  readonly keyId: ApiKeyId;
  readonly issued: IssuedSecret;
  readonly createdAt: MysqlDateTime;
}): ApiKeySecret {
  const columns: ApiKeySecret = {
    id: issued.secretId,
    keyId,
    secretHash: issued.secretHash,
    digest: issued.digest,
    pepperVersion: issued.pepperVersion,
    masked: issued.masked,
    createdAt,
    notAfter: null,
  };
  return Object.assign(new ApiKeySecret(), columns);
}

/** The columns that an update writes. Fields that the request omits are not among them. */
export function changesOf(request: UpdateApiKeyRequest, now: MysqlDateTime): Partial<ApiKey> {
  return {
    label: request.label,
    updatedAt: now,
    ...(request.description !== undefined && { description: request.description }),
    ...(request.scopes !== undefined && { scopes: [...new Set(request.scopes)] }),
    ...(request.ip_allow_list !== undefined && { ipAllowList: canonicalNetworks(request.ip_allow_list ?? []) }),
    ...(request.expires_at !== undefined && { expiresAt: request.expires_at }),
  };
}
