import type { IpAddress } from '../ip-address.js';
import type { ApiKeyId, OrganizationId } from '../prefixed-id.js';

/** An API key that was verified, and from where it called. What it may do is read again when it changes something. */
export interface KeyCaller {
  readonly kind: 'key';
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
  /** Null when the peer's address could not be understood. */
  readonly address: IpAddress | null;
  readonly requestId: string;
}

/** Whoever runs the command line: not bound by any key, acting for one organization. */
export interface OperatorCaller {
  readonly kind: 'operator';
  readonly organizationId: OrganizationId;
  readonly requestId: string;
}

/** Who asks. */
export type Caller = KeyCaller | OperatorCaller;
