import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { hash } from 'bcrypt';
import { parse, v7 } from 'uuid';
import { CONFIG, type Config } from '../config/config.js';
import { PepperRing, type SecretBinding, type VersionedDigest } from './pepper-ring.js';
import { formatSecret, maskSecret, SECRET_RANDOM_BYTES } from './secret-form.js';

/** A new secret and all that is stored in its place. `secret` is shown once and then forgotten. */
export interface IssuedSecret extends VersionedDigest {
  readonly secretId: Buffer;
  readonly secret: string;
  readonly masked: string;
  readonly secretHash: string;
}

@Injectable()
export class SecretIssuer {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix' | 'bcryptCost'>,
    private readonly peppers: PepperRing,
  ) {}

  /** Makes a secret for a key. Takes as long as bcrypt does: call it outside any transaction. */
  async issue(binding: SecretBinding): Promise<IssuedSecret> {
    const { secretPrefix, bcryptCost } = this.config;
    const secretId = Buffer.from(parse(v7()));
    const secret = formatSecret(secretPrefix, secretId, randomBytes(SECRET_RANDOM_BYTES));
    return {
      secretId,
      secret,
      masked: maskSecret(secretPrefix, secret),
      secretHash: await hash(secret, bcryptCost),
      ...this.peppers.digest(secret, binding),
    };
  }
}
