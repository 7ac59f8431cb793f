import type { IpAddress } from '../net/ip-address.js';
import type { MysqlDateTime } from '../mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../prefixed-id.js';
import type { Scope } from './scope.js';

/** The fields of a key that clients may see, without the secret. */
export interface ShownKey {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly label: string;
  readonly description: string | null;
  readonly scopes: readonly Scope[];
  readonly ipAllowList: readonly string[];
  readonly expiresAt: MysqlDateTime | null;
  readonly createdAt: MysqlDateTime;
  readonly updatedAt: MysqlDateTime | null;
}

/** The fields of a key that its bearer may see. */
export interface KeyRecord extends ShownKey {
  /** The secret, masked. */
  readonly masked: string;
}

/**
 * A verified API key and the address it calls from. A change checks its authority again, under
 * lock.
 */
export interface KeyCaller {
  readonly kind: 'key';
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
  /** Null if the address is not valid. */
  readonly address: IpAddress | null;
  readonly requestId: string;
  /** The fields at the time of verification. */
  readonly record: KeyRecord;
}

/** The operator on the command line: acts for one organization, and is not limited by a key. */
export interface OperatorCaller {
  readonly kind: 'operator';
  readonly organizationId: OrganizationId;
  readonly requestId: string;
}

/** The party that makes a request. */
export type Caller = KeyCaller | OperatorCaller;
