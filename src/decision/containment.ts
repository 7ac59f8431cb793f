import type { IpNetwork } from '../common/net/ip-network.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';

/** The strength of a key: what it may do, from where, until when. */
export interface Authority {
  /** The stored names, including those that this version's catalogue lacks. */
  readonly scopes: readonly string[];
  /** Empty: any address. */
  readonly networks: readonly IpNetwork[];
  /** Null: never. */
  readonly expiresAt: MysqlDateTime | null;
}

/** The part of one authority that exceeds another. */
export interface Excess {
  readonly scopes: readonly string[];
  /** Networks outside all of the other's, in canonical form. */
  readonly networks: readonly string[];
  /** Any address, where the other is restricted. */
  readonly anyAddress: boolean;
  /** Expires later than the other, or never. */
  readonly expiry: boolean;
}

/**
 * The part of an authority that exceeds another; null if it lies inside. This is the rule that no
 * key makes a stronger key. A network must lie inside a single network of the other.
 */
export function findExcess({ of, over }: { readonly of: Authority; readonly over: Authority }): Excess | null {
  const restricted = over.networks.length > 0;
  const excess: Excess = {
    scopes: of.scopes.filter((scope) => !over.scopes.includes(scope)),
    networks: restricted ? of.networks.filter((network) => !isInside(network, over.networks)).map(String) : [],
    anyAddress: restricted && of.networks.length === 0,
    expiry: over.expiresAt !== null && (of.expiresAt === null || of.expiresAt > over.expiresAt),
  };
  const isEmpty = excess.scopes.length === 0 && excess.networks.length === 0 && !excess.anyAddress && !excess.expiry;
  return isEmpty ? null : excess;
}

function isInside(network: IpNetwork, parents: readonly IpNetwork[]): boolean {
  return parents.some((parent) => parent.covers(network));
}
