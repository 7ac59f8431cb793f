import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { hash } from 'bcrypt';
import { parse, v7 } from 'uuid';
import { Admission } from '../common/admission/admission.js';
import { runAdmitted } from '../common/admission/run-admitted.js';
import { CONFIG, type Config } from '../config/config.js';
import { PepperKeyring, type SecretBinding, type VersionedDigest } from './pepper-keyring.js';
import { formatSecret, maskSecret, SECRET_RANDOM_BYTES } from './secret-format.js';

/**
 * bcrypt takes a core for as long as it runs: more at once than there are cores would only take
 * time from the event loop. No more than Node's own threads, where they would queue without bound.
 */
export const HASHES_AT_ONCE = Math.min(4, availableParallelism());
/** At 30 hashes a second, as many as a full queue takes. */
const HASH_WAIT_MS = 10_000;
const HASHES_QUEUED = 256;

/** A new secret and the values that are stored for it. `secret` is shown once and not stored. */
export interface IssuedSecret extends VersionedDigest {
  readonly secretId: Buffer;
  readonly secret: string;
  readonly masked: string;
  readonly secretHash: string;
}

@Injectable()
export class SecretIssuer {
  /** Which hashes are computed, fair between organizations. */
  readonly hashing = new Admission({
    running: HASHES_AT_ONCE,
    runningPerTenant: HASHES_AT_ONCE,
    runningPerKey: HASHES_AT_ONCE,
    queuedPerTenant: HASHES_QUEUED,
    queuedPerKey: HASHES_QUEUED,
  });

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'secretPrefix' | 'bcryptCost'>,
    private readonly peppers: PepperKeyring,
  ) {}

  /**
   * Makes a secret for a key. Takes as long as bcrypt: call it outside any transaction, and only
   * for an authorized actor.
   * @throws UnavailableError if it waited too long
   * @throws TooManyRequestsError if too many requests of the organization wait already
   */
  async issue(binding: SecretBinding): Promise<IssuedSecret> {
    const { secretPrefix, bcryptCost } = this.config;
    const secretId = Buffer.from(parse(v7()));
    const secret = formatSecret(secretPrefix, secretId, randomBytes(SECRET_RANDOM_BYTES));
    return {
      secretId,
      secret,
      masked: maskSecret(secretPrefix, secret),
      secretHash: await this.hash(secret, bcryptCost, binding.organizationId),
      ...this.peppers.digest(secret, binding),
    };
  }

  private async hash(secret: string, cost: number, organizationId: string): Promise<string> {
    const work = { tenant: organizationId, key: null, waitMs: HASH_WAIT_MS, queue: 'bcrypt' };
    return runAdmitted(this.hashing, work, () => hash(secret, cost));
  }
}
