const LONGEST_NETWORK = 49;
const EXAMPLES = 'such as 192.168.1.10, 203.0.113.0/24 or 2001:db8::/32';

/** The first that matches names the fault. They are tried on a short text only, so that none can be slow. */
const FAULTS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^$/, `An entry must not be empty: write an address or a network, ${EXAMPLES}.`],
  [/\s/, `An entry must not hold white space: write one address or network in each entry, ${EXAMPLES}.`],
  [/%/, 'An address with a zone id has no meaning outside its own machine: leave out the % and what follows it.'],
  [/[[\]]/, 'An IPv6 address is written here without brackets and without a port, such as 2001:db8::1.'],
  [/^[\d.]+:\d+(?:\/|$)/, 'An entry must not have a port: leave out the colon and the number after it.'],
  [
    /\/(?!(?:0|[1-9]\d{0,2})$)/,
    'What follows the slash must be a prefix length, one whole number without leading zeros, such as 10.0.0.0/8: write a netmask as its number of bits.',
  ],
  [
    /(?:^|[.:])0\d+\.|\.0\d/,
    'A number in an IPv4 address must not begin with 0, which some programs read as octal: write it in decimal without leading zeros, such as 10.0.0.1.',
  ],
  [/(?:^|[.:])0x/i, 'An IPv4 address is not written in hexadecimal here: use four decimal numbers, such as 10.0.0.1.'],
  [/^[\d.]+[-*]|\*/, 'Ranges and wildcards are not understood: write a network in CIDR form, such as 10.0.0.0/24.'],
  [
    /^[\d.]+(?:\/|$)/,
    'An IPv4 address must be four decimal numbers from 0 to 255 with dots between, such as 10.0.0.1.',
  ],
  [
    /^[\da-f:.]*:[\da-f:.]*(?:\/|$)/i,
    'An IPv6 address must be eight groups of one to four hexadecimal digits, with :: at most once in place of groups of zeros, such as 2001:db8::1.',
  ],
  [/\p{L}/u, 'A host name cannot be used, because what it resolves to can change: write the IP address itself.'],
];

/**
 * Why a text is neither an IP address nor a CIDR network: one sentence for the client, saying how to mend it.
 * It never repeats the text, which may be anything, a misplaced secret included.
 */
export function explainUnreadableNetwork(text: string): string {
  if (text.length > LONGEST_NETWORK) {
    return `An entry must not be longer than ${LONGEST_NETWORK} characters: write one address or network in each entry, ${EXAMPLES}.`;
  }
  const fault = FAULTS.find(([pattern]) => pattern.test(text));
  return fault?.[1] ?? `An entry must be an IPv4 or IPv6 address or network, ${EXAMPLES}.`;
}
