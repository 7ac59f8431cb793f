const LONGEST_NETWORK = 49;
const EXAMPLES = 'such as 192.168.1.10, 203.0.113.0/24 or 2001:db8::/32';

/**
 * The first match determines the message. The patterns run on short texts only, so none can be
 * slow.
 */
const FAULTS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^$/, `An entry must not be empty: use an address or a network, ${EXAMPLES}.`],
  [/\s/, `An entry must not contain white space: use one address or network per entry, ${EXAMPLES}.`],
  [/%/, 'An address with a zone id is valid on its own machine only: omit the % and everything after it.'],
  [/[[\]]/, 'An IPv6 address must have no brackets and no port, such as 2001:db8::1.'],
  [/^[\d.]+:\d+(?:\/|$)/, 'An entry must not have a port: omit the colon and the number after it.'],
  [
    /\/(?!(?:0|[1-9]\d{0,2})$)/,
    'After the slash must be a prefix length, an integer without leading zeros, such as 10.0.0.0/8: write a netmask as its number of bits.',
  ],
  [
    /(?:^|[.:])0\d+\.|\.0\d/,
    'A number in an IPv4 address must not start with 0, because some programs read it as octal: use decimal numbers without leading zeros, such as 10.0.0.1.',
  ],
  [/(?:^|[.:])0x/i, 'An IPv4 address must not be hexadecimal: use four decimal numbers, such as 10.0.0.1.'],
  [/^[\d.]+[-*]|\*/, 'Ranges and wildcards are not supported: use a network in CIDR form, such as 10.0.0.0/24.'],
  [
    /^[\d.]+(?:\/|$)/,
    'An IPv4 address must be four decimal numbers from 0 to 255 separated by dots, such as 10.0.0.1.',
  ],
  [
    /^[\da-f:.]*:[\da-f:.]*(?:\/|$)/i,
    'An IPv6 address must be eight groups of one to four hexadecimal digits, with :: at most once in place of groups of zeros, such as 2001:db8::1.',
  ],
  [/\p{L}/u, 'A host name is not supported, because its address can change: use the IP address.'],
];

/**
 * Explains to the client why a text is neither an IP address nor a CIDR network, and how to fix it.
 * Never repeats the text, which may be a misplaced secret.
 */
export function explainUnreadableNetwork(text: string): string {
  if (text.length > LONGEST_NETWORK) {
    return `An entry must not be longer than ${LONGEST_NETWORK} characters: use one address or network per entry, ${EXAMPLES}.`;
  }
  const fault = FAULTS.find(([pattern]) => pattern.test(text));
  return fault?.[1] ?? `An entry must be an IPv4 or IPv6 address or network, ${EXAMPLES}.`;
}
