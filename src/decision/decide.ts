import { scopesMissing } from '../common/access/scope.js';
import type { KeySnapshot } from './key-snapshot.js';
import type { Attempt, KeyVerdict } from './verdict.js';

/**
 * May the key do this, from here, now? The one decision behind every endpoint: organization, then deleted, disabled, expired,
 * then scopes, then address. Call it only once the secret's digest has matched.
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
  const missing = scopesMissing(attempt.scopes, key.scopes);
  if (missing !== 0) {
    return { code: 'INSUFFICIENT_SCOPES', key, missing };
  }
  if (key.allowList === null) {
    return { code: 'VALID', key };
  }
  if (attempt.address === null) {
    return { code: 'CLIENT_IP_REQUIRED', key };
  }
  return { code: key.allowList.allows(attempt.address) ? 'VALID' : 'IP_NOT_ALLOWED', key };
}
