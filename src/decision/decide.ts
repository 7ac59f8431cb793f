import type { KeySnapshot } from './key-snapshot.js';
import type { Attempt, KeyVerdict } from './verdict.js';

/**
 * Decides whether a key may be used for an attempt, for every endpoint. Checks the organization,
 * then deleted, disabled, expired, then scopes, then the address. Call it only after the digest of
 * the secret has matched.
 * @param nowMs the database's time, milliseconds since the epoch
 */
export function decide<K extends KeySnapshot>(key: K, attempt: Attempt, nowMs: number): KeyVerdict<K> {
  if (!key.organizationActive) {
    return { code: 'ORGANIZATION_INACTIVE', key };
  }
  if (key.deleted) {
    return { code: 'DELETED', key };
  }
  if (key.disabled) {
    return { code: 'DISABLED', key };
  }
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) {
    return { code: 'EXPIRED', key };
  }
  if (!attempt.scopes.isSubsetOf(key.scopes)) {
    return { code: 'INSUFFICIENT_SCOPES', key, missing: attempt.scopes.without(key.scopes) };
  }
  if (key.allowList === null) {
    return { code: 'VALID', key };
  }
  if (attempt.address === null) {
    return { code: 'CLIENT_IP_REQUIRED', key };
  }
  return { code: key.allowList.allows(attempt.address) ? 'VALID' : 'IP_NOT_ALLOWED', key };
}
