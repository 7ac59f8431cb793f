import type { Scope } from '../common/access/scope.js';
import type { ScopeSet } from '../common/access/scope-set.js';
import type { IpAddress } from '../common/net/ip-address.js';
import type { KeySnapshot } from './key-snapshot.js';

/** The scopes that a request requires, and the address that it comes from. */
export interface Attempt {
  readonly scopes: ScopeSet<Scope>;
  /** Null if unknown or malformed. */
  readonly address: IpAddress | null;
}

/** The text is not a well-formed secret, or no known one. */
export type UnknownSecret = { readonly code: 'MALFORMED' } | { readonly code: 'NOT_FOUND' };

/** The key exists and may not be used at all. */
export interface DeadKey<K extends KeySnapshot = KeySnapshot> {
  readonly code: 'ORGANIZATION_INACTIVE' | 'DELETED' | 'DISABLED' | 'EXPIRED';
  readonly key: K;
}

/** The key is alive, but not for these scopes, or not from this address. */
export type RefusedAttempt<K extends KeySnapshot = KeySnapshot> =
  | { readonly code: 'INSUFFICIENT_SCOPES'; readonly key: K; readonly missing: ScopeSet<Scope> }
  | { readonly code: 'CLIENT_IP_REQUIRED' | 'IP_NOT_ALLOWED'; readonly key: K };

/** The key may be used. */
export interface ValidAttempt<K extends KeySnapshot = KeySnapshot> {
  readonly code: 'VALID';
  readonly key: K;
}

/** The decision about a key whose secret matched. */
export type KeyVerdict<K extends KeySnapshot = KeySnapshot> = DeadKey<K> | RefusedAttempt<K> | ValidAttempt<K>;

/** The decision about a secret. */
export type Verdict<K extends KeySnapshot = KeySnapshot> = UnknownSecret | KeyVerdict<K>;

/** Whether the key is alive, whatever the scopes and the address. Such requests count as uses. */
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
