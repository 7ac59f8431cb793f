import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The longest spelling there is: six groups of four digits and a dotted quad of four times three.
 */
const LONGEST_ADDRESS = 45;
// Before node's own check, which lets zone ids through.
const ADDRESS_CHARACTERS = /^[0-9a-fA-F:.]+$/;
const DOTTED_TAIL = /\d+\.\d+\.\d+\.\d+$/;
const DIGIT_ZERO = 0x30;
const FULL_STOP = 0x2e;
const MAPPED_MARKER = 0xffff;
const MAPPED_START = '::ffff:';

/**
 * One IP address, as four unsigned 32-bit words, most significant first. IPv4 is held at its place
 * in `::ffff:0:0/96` (RFC 4291, 2.5.5.2), which no IPv6 address can occupy here: mapped IPv6 *is*
 * IPv4. Made by `parseIpAddress`; immutable.
 */
export class IpAddress {
  readonly family: 4 | 6;

  constructor(
    readonly w0: number,
    readonly w1: number,
    readonly w2: number,
    readonly w3: number,
  ) {
    this.family = w0 === 0 && w1 === 0 && w2 === MAPPED_MARKER ? 4 : 6;
  }

  /**
   * Negative, zero or positive as this address sorts before, with or after the other, by numeric
   * value.
   */
  compareTo(other: IpAddress): number {
    return this.w0 - other.w0 || this.w1 - other.w1 || this.w2 - other.w2 || this.w3 - other.w3;
  }

  /**
   * The address with all but its first `bits` bits cleared; of 128 for both families, so an IPv4
   * prefix counts 96 more.
   */
  truncate(bits: number): IpAddress {
    const kept = (word: number, place: number): number => (word & maskWord(bits, place)) >>> 0;
    return new IpAddress(kept(this.w0, 0), kept(this.w1, 1), kept(this.w2, 2), kept(this.w3, 3));
  }

  /** The one canonical text: dotted quad for IPv4, RFC 5952 for IPv6. */
  toString(): string {
    const halves = [this.w0, this.w1, this.w2, this.w3].flatMap((word) => [word >>> 16, word & 0xffff]);
    const address = new ipaddr.IPv6(halves);
    return this.family === 4 ? address.toIPv4Address().toString() : address.toRFC5952String();
  }
}

/**
 * Word `place` (0 to 3) of the 128-bit mask whose first `bits` bits are set, as an unsigned 32-bit
 * number.
 */
export function maskWord(bits: number, place: number): number {
  const set = Math.min(Math.max(bits - 32 * place, 0), 32);
  // A shift by 32 would shift by nothing.
  return set === 0 ? 0 : (0xffffffff << (32 - set)) >>> 0;
}

/**
 * The address that a text spells, or null when it is not exactly one. Strict: IPv4 is four decimal
 * numbers without leading zeros; IPv6 is RFC 4291, without zone id, brackets or port; no white
 * space. IPv4-mapped IPv6, however spelled, is the IPv4 address. `::10.0.0.1` (IPv4-compatible,
 * deprecated) is not mapped: it stays IPv6.
 */
export function parseIpAddress(text: string): IpAddress | null {
  if (text.length > LONGEST_ADDRESS || !ADDRESS_CHARACTERS.test(text)) {
    return null;
  }
  // Not needed for the result, but this is how a dual-stack socket names every IPv4 peer.
  const unmapped = text.startsWith(MAPPED_START) ? text.slice(MAPPED_START.length) : text;
  if (isIPv4(unmapped)) {
    return new IpAddress(0, 0, MAPPED_MARKER, dottedQuadToWord(unmapped));
  }
  return isIPv6(text) ? parseValidIpv6(text) : null;
}

function parseValidIpv6(text: string): IpAddress {
  // ipaddr.js parses `::10.0.0.1` as `::ffff:10.0.0.1`, so it never receives a dotted tail.
  const hexadecimal = text.replace(DOTTED_TAIL, (quad) => {
    const word = dottedQuadToWord(quad);
    return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  });
  const { parts } = ipaddr.IPv6.parse(hexadecimal);
  const word = (place: number): number => (parts[2 * place] ?? 0) * 0x10000 + (parts[2 * place + 1] ?? 0);
  return new IpAddress(word(0), word(1), word(2), word(3));
}

/**
 * Parses a text that is known to be IPv4. Digit by digit, because every request needs it: `split`
 * takes three times as long.
 */
function dottedQuadToWord(text: string): number {
  let word = 0;
  let part = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === FULL_STOP) {
      word = word * 256 + part;
      part = 0;
    } else {
      part = part * 10 + code - DIGIT_ZERO;
    }
  }
  return word * 256 + part;
}
