import { scopesIn, scopesMissing, type Scope, type ScopeSet } from '../common/access/scope.js';
import type { IpNetwork } from '../common/net/ip-network.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';

/** How strong a key is: what it may do, from where, until when. */
export interface Authority {
  readonly scopes: ScopeSet;
  /** Empty: any address. */
  readonly networks: readonly IpNetwork[];
  /** Null: for ever. */
  readonly expiresAt: MysqlDateTime | null;
}

/** In what one authority goes beyond another. */
export interface Excess {
  readonly scopes: readonly Scope[];
  /** Networks that lie in none of the other's, in canonical text. */
  readonly networks: readonly string[];
  /** Any address, where the other is bound to some. */
  readonly anyAddress: boolean;
  /** Ends later than the other, or never. */
  readonly expiry: boolean;
}

/**
 * In what `child` goes beyond `parent`; null when it lies wholly inside. The rule behind "no key makes a stronger key".
 * A network must lie inside a single network of the parent's.
 */
export function findExcess(parent: Authority, child: Authority): Excess | null {
  const restricted = parent.networks.length > 0;
  const excess: Excess = {
    scopes: scopesIn(scopesMissing(child.scopes, parent.scopes)),
    networks: restricted ? child.networks.filter((network) => !isInside(network, parent.networks)).map(String) : [],
    anyAddress: restricted && child.networks.length === 0,
    expiry: parent.expiresAt !== null && (child.expiresAt === null || child.expiresAt > parent.expiresAt),
  };
  const none = excess.scopes.length === 0 && excess.networks.length === 0 && !excess.anyAddress && !excess.expiry;
  return none ? null : excess;
}

function isInside(network: IpNetwork, parents: readonly IpNetwork[]): boolean {
  return parents.some((parent) => parent.covers(network));
}
