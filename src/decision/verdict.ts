import type { ScopeSet } from '../common/access/scope.js';
import type { IpAddress } from '../common/net/ip-address.js';
import type { KeySnapshot } from './key-snapshot.js';

/** What the bearer of a secret wants to do, and from where. */
export interface Attempt {
  readonly scopes: ScopeSet;
  /** Null when it is not known, or could not be understood. */
  readonly address: IpAddress | null;
}

/** Nothing is said of a key: the text is not a secret of ours, or none we know. */
export type UnknownSecret = { readonly code: 'MALFORMED' } | { readonly code: 'NOT_FOUND' };

/** The key exists and is dead. */
export interface DeadKey<K extends KeySnapshot = KeySnapshot> {
  readonly code: 'ORGANIZATION_INACTIVE' | 'DELETED' | 'DISABLED' | 'EXPIRED';
  readonly key: K;
}

/** The key is alive and may not do this, or not from here. */
export type RefusedAttempt<K extends KeySnapshot = KeySnapshot> =
  | { readonly code: 'INSUFFICIENT_SCOPES'; readonly key: K; readonly missing: ScopeSet }
  | { readonly code: 'CLIENT_IP_REQUIRED' | 'IP_NOT_ALLOWED'; readonly key: K };

/** The key may. */
export interface ValidAttempt<K extends KeySnapshot = KeySnapshot> {
  readonly code: 'VALID';
  readonly key: K;
}

/** What can be said of a key whose secret matched. */
export type KeyVerdict<K extends KeySnapshot = KeySnapshot> = DeadKey<K> | RefusedAttempt<K> | ValidAttempt<K>;

/** What can be said of a secret. */
export type Verdict<K extends KeySnapshot = KeySnapshot> = UnknownSecret | KeyVerdict<K>;

/** Whether the verdict is of a living key, whatever it says of scope and address: such requests are counted. */
export function isOfLivingKey<K extends KeySnapshot>(
  verdict: Verdict<K>,
): verdict is RefusedAttempt<K> | ValidAttempt<K> {
  switch (verdict.code) {
    case 'VALID':
    case 'INSUFFICIENT_SCOPES':
    case 'CLIENT_IP_REQUIRED':
    case 'IP_NOT_ALLOWED':
      return true;
    case 'MALFORMED':
    case 'NOT_FOUND':
    case 'ORGANIZATION_INACTIVE':
    case 'DELETED':
    case 'DISABLED':
    case 'EXPIRED':
      return false;
  }
}
