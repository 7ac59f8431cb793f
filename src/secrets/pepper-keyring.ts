import { Inject, Injectable } from '@nestjs/common';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../common/prefixed-id.js';
import { CONFIG, type Config, type Pepper } from '../config/config.js';
import { HmacSha256 } from './hmac-sha256.js';

/**
 * What a digest binds a secret to: a row that is moved to another key or organization does not
 * verify.
 */
export interface SecretBinding {
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
}

/** A binding as input of the digest: the bytes of both ids, one character each. */
export type BindingText = string & { readonly [bindingText]: true };
declare const bindingText: unique symbol;

/** Both ids have a fixed length, so that the text is unambiguous. */
export function bindingTextOf({ keyId, organizationId }: SecretBinding): BindingText {
  const bytes = Buffer.concat([idToBytes('api_key_', keyId), idToBytes('org_', organizationId)]);
  return bytes.toString('latin1') as BindingText;
}

/** A stored digest, one character for each byte. */
export type DigestText = string & { readonly [digestText]: true };
declare const digestText: unique symbol;

/** A string that keeps no other in memory. */
export function digestTextOf(digest: Buffer): DigestText {
  return digest.toString('latin1') as DigestText;
}

/** A digest and the pepper version that made it. */
export interface VersionedDigest {
  readonly digest: Buffer;
  readonly pepperVersion: number;
}

/**
 * Digests are HMAC-SHA-256(pepper, secret ‖ key id ‖ organization id): a secret is ASCII, and so
 * one character a byte like the rest.
 *
 * The peppers of this process by their version. Versions are the database's: it holds a check value
 * for each pepper ever used, and the start assigns them (`assign`) before anything is verified.
 */
@Injectable()
export class PepperKeyring {
  private readonly byVersion = new Map<number, HmacSha256>();
  private current = 0;
  /** The configured peppers, the current one first. */
  readonly peppers: readonly Pepper[];

  constructor(@Inject(CONFIG) config: Pick<Config, 'pepper' | 'retiredPeppers'>) {
    this.peppers = [config.pepper, ...config.retiredPeppers];
  }

  /** Assigns the versions: one for each of `peppers`, in their order. */
  assign(versions: readonly number[]): void {
    this.byVersion.clear();
    this.peppers.forEach((pepper, place) => this.byVersion.set(versions[place] ?? 0, new HmacSha256(pepper)));
    this.current = versions[0] ?? 0;
  }

  /** The version that makes new digests. */
  get currentVersion(): number {
    return this.current;
  }

  /** The digest to store for a secret, under the current pepper. */
  digest(secret: string, binding: SecretBinding): VersionedDigest {
    const hmac = this.byVersion.get(this.current);
    if (hmac === undefined) {
      throw new Error('the peppers have no versions yet: assign() comes first');
    }
    return { digest: hmac.digest(secret + bindingTextOf(binding)), pepperVersion: this.current };
  }

  /** Whether this process has the pepper of this version. */
  knows(pepperVersion: number): boolean {
    return this.byVersion.has(pepperVersion);
  }

  /** Whether the version is older than the current one. */
  isOutdated(pepperVersion: number): boolean {
    return pepperVersion < this.current;
  }

  /**
   * Whether the version is newer than all configured ones: another instance has a pepper that this
   * one lacks.
   */
  isAhead(pepperVersion: number): boolean {
    return pepperVersion > Math.max(...this.byVersion.keys());
  }

  /**
   * Whether the secret has this digest, in constant time. False for a version without a configured
   * pepper.
   */
  matches(secret: string, binding: BindingText, digest: DigestText, pepperVersion: number): boolean {
    return this.byVersion.get(pepperVersion)?.matches(secret + binding, digest) ?? false;
  }
}

/** A value that distinguishes peppers and reveals none. */
export function pepperCheckValue(pepper: Pepper): string {
  return new HmacSha256(pepper).digest('latchkey pepper check').toString('hex');
}
