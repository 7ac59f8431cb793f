import { IpNetwork } from '../common/net/ip-network.js';
import type { ParseVariable } from './parse-variable.js';

/** Networks that are not routed on the internet: private, unique local, link-local. */
const NOT_ROUTED = ['10.0.0.0/8', 'fc00::/7', 'fe80::/10'].map((network) => IpNetwork.parse(network));
/** A shorter prefix names no proxies: it names a part of the internet. */
const SHORTEST_PREFIX = { 4: 8, 6: 16 } as const;
/**
 * The part of all addresses of a family that may be trusted together: more than the proxies of any
 * provider have, and much less than the internet.
 */
const LARGEST_SHARE = { 4: 1 / 8, 6: 1 / 64 } as const;

/**
 * `none`, or the comma-separated addresses and networks of proxies. A request from one of them is
 * trusted about any client's address, so networks that hold a good part of the internet, alone or
 * together, are refused.
 */
export const networks: ParseVariable<readonly IpNetwork[]> = (value) => {
  if (value === 'none') {
    return [];
  }
  const trusted = value.split(',').map((entry) => parseNetwork(entry.trim()));
  const tooWide = trusted.find(
    (network) => !isNotRouted(network) && network.prefixLength < SHORTEST_PREFIX[network.first.family],
  );
  if (tooWide !== undefined) {
    throw new Error(
      `must not contain ${tooWide.toString()}: a large part of the internet could then claim any client address; name the networks of your proxies, of /${SHORTEST_PREFIX[tooWide.first.family]} or longer`,
    );
  }
  const family = ([4, 6] as const).find((each) => shareOf(trusted, each) > LARGEST_SHARE[each]);
  if (family !== undefined) {
    throw new Error(
      `must not contain more than 1/${1 / LARGEST_SHARE[family]} of all IPv${family} addresses together: a large part of the internet could then claim any client address; name the networks of your proxies alone`,
    );
  }
  return trusted;
};

function parseNetwork(entry: string): IpNetwork {
  try {
    return IpNetwork.parse(entry);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw new Error(`must be none or a comma-separated list of addresses and networks: ${reason}`, { cause: error });
  }
}

function isNotRouted(network: IpNetwork): boolean {
  return NOT_ROUTED.some((known) => known.covers(network));
}

/**
 * The part of all addresses of a family that the networks hold together, each address counted once.
 */
function shareOf(trusted: readonly IpNetwork[], family: 4 | 6): number {
  const sorted = trusted
    .filter((network) => network.first.family === family && !isNotRouted(network))
    .toSorted((a, b) => a.compareTo(b));
  let share = 0;
  let outermost: IpNetwork | undefined;
  for (const network of sorted) {
    // Two networks are nested or apart, and one that holds others is sorted before them.
    if (outermost?.covers(network) !== true) {
      outermost = network;
      share += 2 ** -network.prefixLength;
    }
  }
  return share;
}
