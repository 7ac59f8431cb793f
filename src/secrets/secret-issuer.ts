import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { hash } from 'bcrypt';
import { parse, v7 } from 'uuid';
import { Turnstile } from '../common/turnstile.js';
import { UnavailableError } from '../common/unavailable-error.js';
import { CONFIG, type Config } from '../config/config.js';
import { PepperRing, type SecretBinding, type VersionedDigest } from './pepper-ring.js';
import { formatSecret, maskSecret, SECRET_RANDOM_BYTES } from './secret-form.js';

/** As many as Node's own threads, which would otherwise queue without end: bcrypt takes one of them whole. */
const HASHES_AT_ONCE = 4;
const HASH_WAIT_MS = 2_000;

/** A new secret and all that is stored in its place. `secret` is shown once and then forgotten. */
export interface IssuedSecret extends VersionedDigest {
  readonly secretId: Buffer;
  readonly secret: string;
  readonly masked: string;
  readonly secretHash: string;
}

@Injectable()
export class SecretIssuer {
  private readonly hashing = new Turnstile(HASHES_AT_ONCE);

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix' | 'bcryptCost'>,
    private readonly peppers: PepperRing,
  ) {}

  /** How many bcrypt hashes are being computed, and how many wait for that. */
  get load(): { readonly running: number; readonly queued: number } {
    return { running: this.hashing.inside, queued: this.hashing.queued };
  }

  /**
   * Makes a secret for a key. Takes as long as bcrypt does: call it outside any transaction, and only for who may have one.
   * @throws UnavailableError when too many are being made
   */
  async issue(binding: SecretBinding): Promise<IssuedSecret> {
    const { secretPrefix, bcryptCost } = this.config;
    const secretId = Buffer.from(parse(v7()));
    const secret = formatSecret(secretPrefix, secretId, randomBytes(SECRET_RANDOM_BYTES));
    return {
      secretId,
      secret,
      masked: maskSecret(secretPrefix, secret),
      secretHash: await this.hash(secret, bcryptCost),
      ...this.peppers.digest(secret, binding),
    };
  }

  private async hash(secret: string, cost: number): Promise<string> {
    if (!(await this.hashing.enter(HASH_WAIT_MS))) {
      throw new UnavailableError({ detail: 'too many secrets are being made' });
    }
    try {
      return await hash(secret, cost);
    } finally {
      this.hashing.leave();
    }
  }
}
