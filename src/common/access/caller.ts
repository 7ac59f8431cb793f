import type { IpAddress } from '../net/ip-address.js';
import type { MysqlDateTime } from '../mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../prefixed-id.js';
import type { Scope } from './scope.js';

/** What clients may see of a key, beside its secret. */
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

/** What a key is, as its own bearer may see it. */
export interface KeyRecord extends ShownKey {
  /** Its secret, masked. */
  readonly masked: string;
}

/** An API key that was verified, and from where it called. What it may do is read again when it changes something. */
export interface KeyCaller {
  readonly kind: 'key';
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
  /** Null when the peer's address could not be understood. */
  readonly address: IpAddress | null;
  readonly requestId: string;
  /** As it was when it was verified. */
  readonly record: KeyRecord;
}

/** Whoever runs the command line: not bound by any key, acting for one organization. */
export interface OperatorCaller {
  readonly kind: 'operator';
  readonly organizationId: OrganizationId;
  readonly requestId: string;
}

/** Who asks. */
export type Caller = KeyCaller | OperatorCaller;
