import { IpAddress, maskWord, parseIpAddress } from './ip-address.js';
import { explainUnreadableNetwork } from './ip-network.errors.js';

const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;
/** The IPv4-mapped range `::ffff:0:0/96`: 80 bits of zeros, 16 of ones, then the IPv4 address. */
const MAPPED_RANGE = new IpAddress(0, 0, 0xffff, 0);
const MAPPED_ZEROS = 80;
const MAPPED_BITS = 96;
const ALL_BITS = 128;

/**
 * A text that is not an IP network. `message` is one sentence for the client: what is wrong and how
 * to fix it.
 */
export class InvalidIpNetworkError extends Error {
  override readonly name = 'InvalidIpNetworkError';
}

/**
 * An IPv4 or IPv6 network in CIDR form (RFC 4632, RFC 4291); a single address is a network of one.
 * Immutable.
 *
 * IPv4-mapped IPv6 is IPv4 everywhere, so a network is of one family or is refused:
 * - inside `::ffff:0:0/96` it is the IPv4 network: `::ffff:10.0.0.0/104` is `10.0.0.0/8`,
 *   `::ffff:0:0/96` is `0.0.0.0/0`;
 * - an address inside that range with a prefix below 96 is refused: it straddles both families, or
 *   has an IPv4 prefix length;
 * - a prefix of 81 to 95 that still takes the range in (`::fffe:0:0/95`) is refused: it spells a
 *   part of the mapped marker;
 * - every other one, `::/0` to `::/80` included, is of IPv6 alone: it never contains or covers
 *   anything of IPv4.
 */
export class IpNetwork {
  private readonly m0: number;
  private readonly m1: number;
  private readonly m2: number;
  private readonly m3: number;

  private constructor(
    /** The lowest address of the network. */
    readonly first: IpAddress,
    /** Counted in 128 bits for both families: an IPv4 /8 has 104. */
    private readonly bits: number,
  ) {
    this.m0 = maskWord(bits, 0);
    this.m1 = maskWord(bits, 1);
    this.m2 = maskWord(bits, 2);
    this.m3 = maskWord(bits, 3);
  }

  /**
   * Reads an address or a network in any valid spelling. Throws an `InvalidIpNetworkError` on
   * anything else.
   */
  static parse(text: string): IpNetwork {
    const slash = text.indexOf('/');
    const addressText = slash === -1 ? text : text.slice(0, slash);
    const address = parseIpAddress(addressText);
    if (address === null || (slash !== -1 && !PREFIX_LENGTH.test(text.slice(slash + 1)))) {
      throw new InvalidIpNetworkError(explainUnreadableNetwork(text));
    }
    // By how it is written: a mapped address takes its prefix length on the scale of IPv6.
    const addressBits = addressText.includes(':') ? ALL_BITS : ALL_BITS - MAPPED_BITS;
    const prefixLength = slash === -1 ? addressBits : Number(text.slice(slash + 1));
    if (prefixLength > addressBits) {
      throw new InvalidIpNetworkError(prefixTooLong(addressBits));
    }
    return IpNetwork.of(address, prefixLength + ALL_BITS - addressBits);
  }

  /** The highest address of the network. */
  get last(): IpAddress {
    const { w0, w1, w2, w3 } = this.first;
    const filled = (word: number, mask: number): number => (word | ~mask) >>> 0;
    return new IpAddress(filled(w0, this.m0), filled(w1, this.m1), filled(w2, this.m2), filled(w3, this.m3));
  }

  /** Whether the address lies in the network. Allocates nothing. */
  contains(address: IpAddress): boolean {
    const { first } = this;
    return (
      address.family === first.family &&
      ((address.w0 ^ first.w0) & this.m0) === 0 &&
      ((address.w1 ^ first.w1) & this.m1) === 0 &&
      ((address.w2 ^ first.w2) & this.m2) === 0 &&
      ((address.w3 ^ first.w3) & this.m3) === 0
    );
  }

  /** Whether every address of the other network lies in this one. */
  covers(other: IpNetwork): boolean {
    return this.bits <= other.bits && this.contains(other.first);
  }

  /** For sorting: by lowest address, and a network before those inside it. */
  compareTo(other: IpNetwork): number {
    return this.first.compareTo(other.first) || this.bits - other.bits;
  }

  /** How many leading bits are fixed, on the scale of its family: 0 to 32, or 0 to 128. */
  get prefixLength(): number {
    return this.first.family === 4 ? this.bits - MAPPED_BITS : this.bits;
  }

  /**
   * The one canonical text, as stored and returned: RFC 5952, mapped as IPv4, a single address
   * without a prefix length.
   */
  toString(): string {
    if (this.bits === ALL_BITS) {
      return this.first.toString();
    }
    return `${this.first.toString()}/${this.prefixLength}`;
  }

  private static of(address: IpAddress, bits: number): IpNetwork {
    if (straddlesFamilies(address, bits)) {
      throw new InvalidIpNetworkError(
        'A network cannot hold IPv4-mapped and other IPv6 addresses at once: write the IPv4 network by itself, such as 10.0.0.0/8, or as ::ffff:10.0.0.0/104 with a prefix length of 96 or more.',
      );
    }
    const network = new IpNetwork(address.truncate(bits), bits);
    if (network.first.compareTo(address) !== 0) {
      throw new InvalidIpNetworkError(
        `The address has bits set beyond its prefix length: write ${network.toString()} for the whole network or ${address.toString()} for the single address.`,
      );
    }
    return network;
  }
}

function straddlesFamilies(address: IpAddress, bits: number): boolean {
  if (bits >= MAPPED_BITS) {
    return false;
  }
  return (
    address.family === 4 || (bits > MAPPED_ZEROS && address.truncate(bits).compareTo(MAPPED_RANGE.truncate(bits)) === 0)
  );
}

function prefixTooLong(addressBits: number): string {
  const family = addressBits === ALL_BITS ? 'IPv6' : 'IPv4';
  return `The prefix length of an ${family} network is at most ${addressBits}: write a number from 0 to ${addressBits} after the slash.`;
}

/**
 * The entries of an allow-list as they are stored: in canonical text, in the order given, each
 * network once. Throws an `InvalidIpNetworkError` on an entry that is not a network.
 */
export function canonicalNetworks(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => IpNetwork.parse(text).toString()))];
}
