import type { IpAddress } from './ip-address.js';
import { IpNetwork } from './ip-network.js';

/** First and last address of an IPv4 network: its last words. */
const IPV4_WORDS = 2;
/** First and last address of an IPv6 network. */
const IPV6_WORDS = 8;
const ADDRESS_WORDS = 4;
/** The measured overhead of one list in V8 and the allocator, without its words and its text. */
const OVERHEAD_BYTES = 450;

/**
 * The networks from which a key may be used, compiled for verification: `allows` takes a few
 * comparisons, however long the list is. Stored as numbers, because a cache holds many thousands of
 * lists, and 100 networks would be 300 objects.
 *
 * There is no unrestricted list. "Any address" is the absence of a list (null), so that a list that
 * lost its entries by mistake admits no address instead of every address.
 */
export class IpAllowList {
  private constructor(
    /**
     * First and last address of each network in turn, as 32-bit words: IPv4 with one word, then
     * IPv6 with four. Sorted and disjoint.
     */
    private readonly words: Uint32Array,
    private readonly ipv4Count: number,
    private readonly text: string,
  ) {}

  /**
   * Compiles stored entries; an empty list allows no address, so turn "any address" into null
   * before. Throws an `InvalidIpNetworkError` on an entry that is not a network: to leave it out,
   * or to let all in, would be a guess.
   */
  static compile(canonicalTexts: readonly string[]): IpAllowList {
    const networks = canonicalTexts.map((text) => IpNetwork.parse(text));
    const ipv4 = sortedAndDisjoint(networks.filter((network) => network.first.family === 4));
    const ipv6 = sortedAndDisjoint(networks.filter((network) => network.first.family === 6));
    const words = [
      ...ipv4.flatMap(({ first, last }) => [first.w3, last.w3]),
      ...ipv6.flatMap(({ first, last }) => [...wordsOf(first), ...wordsOf(last)]),
    ];
    return new IpAllowList(Uint32Array.from(words), ipv4.length, canonicalTexts.join());
  }

  /** The entries that it was compiled from, in their order. */
  get entries(): string[] {
    return this.text === '' ? [] : this.text.split(',');
  }

  /** How much memory it takes. */
  get bytes(): number {
    return OVERHEAD_BYTES + this.words.byteLength + this.text.length;
  }

  /**
   * Whether the address lies in one of the networks; null, an address that was not understood,
   * never does. Allocates nothing.
   */
  allows(address: IpAddress | null): boolean {
    if (address === null) {
      return false;
    }
    return address.family === 4 ? this.allowsIpv4(address.w3) : this.allowsIpv6(address);
  }

  private allowsIpv4(address: number): boolean {
    const { words } = this;
    let low = 0;
    let high = this.ipv4Count;
    // Disjoint and sorted: only the last network that begins at or before the address can hold it.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((words[middle * IPV4_WORDS] ?? 0) <= address) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && address <= (words[(low - 1) * IPV4_WORDS + 1] ?? 0);
  }

  private allowsIpv6(address: IpAddress): boolean {
    const { words } = this;
    const start = this.ipv4Count * IPV4_WORDS;
    let low = 0;
    let high = (words.length - start) / IPV6_WORDS;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(words, start + middle * IPV6_WORDS, address) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && compareWords(words, start + (low - 1) * IPV6_WORDS + ADDRESS_WORDS, address) >= 0;
  }
}

/** Negative, zero or positive as the address at a place sorts before, with or after the other. */
function compareWords(words: Uint32Array, at: number, { w0, w1, w2, w3 }: IpAddress): number {
  return (words[at] ?? 0) - w0 || (words[at + 1] ?? 0) - w1 || (words[at + 2] ?? 0) - w2 || (words[at + 3] ?? 0) - w3;
}

function wordsOf({ w0, w1, w2, w3 }: IpAddress): number[] {
  return [w0, w1, w2, w3];
}

/**
 * Two networks are nested or disjoint, so without the nested ones all are disjoint.
 */
function sortedAndDisjoint(networks: readonly IpNetwork[]): IpNetwork[] {
  const kept: IpNetwork[] = [];
  for (const network of networks.toSorted((a, b) => a.compareTo(b))) {
    if (kept.at(-1)?.covers(network) !== true) {
      kept.push(network);
    }
  }
  return kept;
}
