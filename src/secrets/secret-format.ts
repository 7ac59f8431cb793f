import { crc32 } from 'node:zlib';
import type { SecretPrefix } from '../config/config.js';
import { Base62Field, encodeUint32, UINT32_WIDTH } from './base62.js';

const SECRET_ID = new Base62Field(16);
const RANDOM = new Base62Field(24);
const BODY_WIDTH = SECRET_ID.width + RANDOM.width + UINT32_WIDTH;
const MASK_HEAD = 12;
const MASK_TAIL = 5;
const BASE62 = /^[0-9A-Za-z]+$/;

/** How many random bytes a secret holds: 192 bits, its whole strength. */
export const SECRET_RANDOM_BYTES = RANDOM.bytes;

/**
 * The text of a secret: prefix, id (22 characters), random part (33), CRC-32 of all before it (6).
 */
export function formatSecret(prefix: SecretPrefix, secretId: Uint8Array, random: Uint8Array): string {
  const unchecked = prefix + SECRET_ID.encode(secretId) + RANDOM.encode(random);
  return unchecked + checksumOf(unchecked);
}

/**
 * The id, as it is written, in a text that has the form of a secret of this installation; null for
 * anything else. The checksum catches every change of one character and all garbage, so that none
 * of it costs a query.
 */
export function parseSecretId(prefix: SecretPrefix, text: string): string | null {
  if (text.length !== prefix.length + BODY_WIDTH || !text.startsWith(prefix)) {
    return null;
  }
  const randomAt = prefix.length + SECRET_ID.width;
  const checksumAt = randomAt + RANDOM.width;
  const secretId = text.slice(prefix.length, randomAt);
  const random = text.slice(randomAt, checksumAt);
  const wellFormed = BASE62.test(secretId) && BASE62.test(random) && SECRET_ID.fits(secretId) && RANDOM.fits(random);
  return wellFormed && text.slice(checksumAt) === checksumOf(text.slice(0, checksumAt)) ? secretId : null;
}

/** The 16 bytes of an id that `parseSecretId` found. */
export function decodeSecretId(secretId: string): Buffer {
  return SECRET_ID.decode(secretId);
}

/**
 * What may be shown of a secret after its creation: `sk_live_MDE5N2MwZWMt...GdwdA`. All but the
 * last five lies in the id.
 */
export function maskSecret(prefix: SecretPrefix, secret: string): string {
  return `${secret.slice(0, prefix.length + MASK_HEAD)}...${secret.slice(-MASK_TAIL)}`;
}

function checksumOf(text: string): string {
  return encodeUint32(crc32(text));
}
