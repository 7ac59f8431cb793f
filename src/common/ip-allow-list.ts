import type { IpAddress } from './ip-address.js';
import { IpNetwork } from './ip-network.js';

/**
 * The networks that a key may be used from, compiled for verification: `allows` takes a few comparisons, however long the list.
 *
 * There is no unrestricted list. "Any address" is the absence of one (null), so that a list that lost its entries by
 * mistake admits nobody instead of everybody.
 */
export class IpAllowList {
  private constructor(
    private readonly ipv4: readonly IpNetwork[],
    private readonly ipv6: readonly IpNetwork[],
  ) {}

  /**
   * Compiles stored entries; an empty list allows no address, so turn "any address" into null before.
   * Throws an `InvalidIpNetworkError` on an entry that is not a network: to leave it out, or to let all in, would be a guess.
   */
  static compile(canonicalTexts: readonly string[]): IpAllowList {
    const networks = canonicalTexts.map((text) => IpNetwork.parse(text));
    return new IpAllowList(
      sortedAndDisjoint(networks.filter((network) => network.first.family === 4)),
      sortedAndDisjoint(networks.filter((network) => network.first.family === 6)),
    );
  }

  /** Whether the address lies in one of the networks; null, an address that was not understood, never does. Allocates nothing. */
  allows(address: IpAddress | null): boolean {
    if (address === null) {
      return false;
    }
    const networks = address.family === 4 ? this.ipv4 : this.ipv6;
    let low = 0;
    let high = networks.length;
    // Disjoint and sorted: only the last network that begins at or before the address can hold it.
    while (low < high) {
      const middle = (low + high) >>> 1;
      const network = networks[middle];
      if (network !== undefined && network.first.compareTo(address) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return networks[low - 1]?.contains(address) ?? false;
  }
}

/** Two networks are nested or apart, so to drop the ones inside the one before leaves them apart. */
function sortedAndDisjoint(networks: readonly IpNetwork[]): IpNetwork[] {
  const kept: IpNetwork[] = [];
  for (const network of networks.toSorted((a, b) => a.compareTo(b))) {
    if (kept.at(-1)?.covers(network) !== true) {
      kept.push(network);
    }
  }
  return kept;
}
