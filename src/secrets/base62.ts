/** Digits in ASCII order, so that texts of one width compare as the numbers they stand for. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const VALUE = new Map(Array.from(DIGITS, (digit, value) => [digit, BigInt(value)]));
const BASE = 62n;
/** How many characters `encodeUint32` makes. */
export const UINT32_WIDTH = 6;

/** A fixed number of bytes as base62 of fixed width, most significant digit first. */
export class Base62Field {
  /** How many characters the field takes. */
  readonly width: number;
  private readonly greatest: string;

  constructor(readonly bytes: number) {
    const values = 1n << BigInt(8 * bytes);
    this.width = digitsOf(values - 1n, 0).length;
    this.greatest = digitsOf(values - 1n, this.width);
  }

  /** The text of exactly as many bytes as the field holds. @throws RangeError */
  encode(bytes: Uint8Array): string {
    if (bytes.length !== this.bytes) {
      throw new RangeError(`expected ${this.bytes} bytes, got ${bytes.length}`);
    }
    return digitsOf(BigInt(`0x${Buffer.from(bytes).toString('hex')}`), this.width);
  }

  /**
   * Whether the text, already known to be base62 of this width, stands for a number that fits the
   * bytes.
   */
  fits(text: string): boolean {
    return text <= this.greatest;
  }

  /** The bytes of a text that `fits`. */
  decode(text: string): Buffer {
    let value = 0n;
    for (const digit of text) {
      value = value * BASE + (VALUE.get(digit) ?? 0n);
    }
    return Buffer.from(value.toString(16).padStart(2 * this.bytes, '0'), 'hex');
  }
}

/** An unsigned integer of 32 bits as base62, in the least width that holds each. */
export function encodeUint32(value: number): string {
  let text = '';
  for (let rest = value, place = 0; place < UINT32_WIDTH; place++, rest = Math.floor(rest / 62)) {
    text = DIGITS.charAt(rest % 62) + text;
  }
  return text;
}

function digitsOf(value: bigint, width: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= BASE) {
    text = DIGITS.charAt(Number(rest % BASE)) + text;
  }
  return text.padStart(width, '0');
}
