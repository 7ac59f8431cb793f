import { randomUUID } from 'node:crypto';
import { stringify, v7 } from 'uuid';

/**
 * Ids are UUIDv7 (RFC 9562) and sort by creation time. Outside the database they have a
 * prefix for the type of the resource; inside it they are BINARY(16).
 */
export type ApiKeyId = `api_key_${string}`;
export type OrganizationId = `org_${string}`;

/** The prefixes in use, with their underscore. */
export type IdPrefix = 'api_key_' | 'org_' | 'req_' | 'support_';

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A new id. Within one process, each sorts after the one before it. */
export function newId<P extends IdPrefix>(prefix: P): `${P}${string}` {
  return `${prefix}${v7()}`;
}

/** The millisecond of the last request ids, and the part that all ids of that millisecond share. */
let passingMs = NaN;
let passingStart = '';

/**
 * Two cheap UUIDv7s for the ids of a request. Ordered to the millisecond only, and never stored.
 * They share most of one random number, which is enough to distinguish requests. perf:
 * docs/performance.md#two-ids-from-one-random-number
 */
export function newRequestIds<P extends IdPrefix, Q extends IdPrefix>(
  first: P,
  second: Q,
): [`${P}${string}`, `${Q}${string}`] {
  const nowMs = Date.now();
  if (nowMs !== passingMs) {
    const time = nowMs.toString(16).padStart(12, '0');
    passingMs = nowMs;
    passingStart = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  }
  // After the version, a version 4 is as random as a version 7 may be, and has the same variant
  // bits.
  const random = randomUUID();
  const shared = random.slice(18);
  return [
    `${first}${passingStart}${random.slice(15, 18)}${shared}`,
    `${second}${passingStart}${random.slice(0, 3)}${shared}`,
  ];
}

/** Whether the text is the prefix and a UUIDv7 in its one canonical spelling (lower case). */
export function isPrefixedId<P extends IdPrefix>(prefix: P, text: string): text is `${P}${string}` {
  return text.startsWith(prefix) && CANONICAL_UUID.test(text.slice(prefix.length));
}

/** The 16 bytes that the database holds for an id. Throws a TypeError on a text that is not one. */
export function idToBytes(prefix: IdPrefix, id: string): Buffer {
  return Buffer.from(idToHex(prefix, id), 'hex');
}

/**
 * The same bytes as 32 hexadecimal digits, and nothing but those. Throws a TypeError on a text that
 * is not an id.
 */
export function idToHex(prefix: IdPrefix, id: string): string {
  if (!isPrefixedId(prefix, id)) {
    throw new TypeError(`not an id of the form ${prefix}<uuidv7>`);
  }
  return id.slice(prefix.length).replaceAll('-', '');
}

/** The id that 16 bytes of the database stand for. */
export function bytesToId<P extends IdPrefix>(prefix: P, bytes: Uint8Array): `${P}${string}` {
  return `${prefix}${stringify(bytes)}`;
}
