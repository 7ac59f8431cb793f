import { parseIpAddress, type IpAddress } from './ip-address.js';

const IPV4_WITH_PORT = /^([\d.]+):(\d{1,5})$/;
const IPV6_IN_BRACKETS = /^\[([^\]]*:[^\]]*)\](?::(\d{1,5}))?$/;
const HIGHEST_PORT = 65_535;

/**
 * The address in a hop that a proxy names, as in `X-Forwarded-For`; null when it is not exactly
 * one. Some proxies (Azure Application Gateway) add the port: `203.0.113.7:4711`,
 * `[2001:db8::1]:4711`. The address itself is read as strictly as everywhere.
 */
export function parseForwardedAddress(text: string): IpAddress | null {
  const address = parseIpAddress(text);
  if (address !== null) {
    return address;
  }
  const [, host, port = '0'] = IPV4_WITH_PORT.exec(text) ?? IPV6_IN_BRACKETS.exec(text) ?? [];
  return host === undefined || Number(port) > HIGHEST_PORT ? null : parseIpAddress(host);
}
