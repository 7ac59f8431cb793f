import { parseIpAddress } from '../common/net/ip-address.js';
import { IpNetwork } from '../common/net/ip-network.js';

const LOOPBACK = ['127.0.0.0/8', '::1'].map((network) => IpNetwork.parse(network));

/**
 * Whether a host to listen on can be reached from this machine alone. A name that is not
 * `localhost` may be anything.
 */
export function isLoopback(host: string): boolean {
  const address = parseIpAddress(host);
  return host === 'localhost' || (address !== null && LOOPBACK.some((network) => network.contains(address)));
}
