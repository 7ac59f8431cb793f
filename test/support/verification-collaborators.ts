import { setTimeout as sleep } from 'node:timers/promises';
import { parse, v7 } from 'uuid';
import type { Change } from '../../src/change-log/change-log.js';
import type { Clock } from '../../src/common/clock.js';
import type { MysqlDateTime } from '../../src/common/mysql-datetime.js';
import { idToBytes, newId, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { formatSecret, parseSecretId } from '../../src/secrets/secret-format.js';
import { REFRESH_PAUSE_MS } from '../../src/verification/cache/cache-revalidator.js';
import { compileCachedSecret, type CachedSecret } from '../../src/verification/cache/cached-secret.js';

/** A clock that a test sets. */
export class HandClock implements Clock {
  nowMs = 1_000_000;

  monotonicMs(): number {
    return this.nowMs;
  }
}

/**
 * Resolves after everything that is due in this turn of the event loop. A timer alone may fire
 * earlier.
 */
export const turnOfTheLoop = () => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 1));

/** Until the next reading of `CacheRevalidator` has ended. */
export async function refreshed(): Promise<void> {
  await sleep(REFRESH_PAUSE_MS + 1);
  await turnOfTheLoop();
}

export function newSecretId(): string {
  return parseSecretId('sk_live_', formatSecret('sk_live_', Buffer.from(parse(v7())), Buffer.alloc(24))) ?? '';
}

/** A key snapshot as the database would return it, of a new key unless told otherwise. */
export function storedSecret(
  secretId: string,
  readAtMs: number,
  {
    keyId = newId('api_key_'),
    organizationId = newId('org_'),
    firstByte = 0xff,
    ipAllowList = '["10.0.0.0/8","2001:db8::/32"]',
  }: { keyId?: ApiKeyId; organizationId?: OrganizationId; firstByte?: number; ipAllowList?: string } = {},
): CachedSecret {
  const none = { description: null, not_after: null, expires_at: null, updated_at: null } as const;
  const row = {
    ...{ ...none, disabled_at: null, deleted_at: null, deactivated_at: null, secret_hash: null },
    secret_id: Buffer.alloc(16),
    // A piece of a packet, as the driver gives it.
    digest: Buffer.alloc(100, firstByte).subarray(10, 42),
    pepper_version: 1,
    masked: 'sk_live_0123456789...abcde',
    key_id: idToBytes('api_key_', keyId),
    organization_id: idToBytes('org_', organizationId),
    label: 'Key',
    scopes: '["invoices.read","invoices.create","products.read"]',
    ip_allow_list: ipAllowList,
    created_at: '2026-01-01 00:00:00' as MysqlDateTime,
  };
  return compileCachedSecret(secretId, row, readAtMs);
}

/** The change that makes a snapshot stale. */
export const changeOf = ({ key: { keyId, organizationId } }: CachedSecret): Change => ({ keyId, organizationId });
