import { decodeSecretId, formatSecret, parseSecretId } from '../../src/secrets/secret-format.js';

/** The 16 bytes by which a secret is found. */
export function secretIdOf(secret: string): Buffer {
  const secretId = parseSecretId('sk_live_', secret);
  if (secretId === null) {
    throw new Error('that is not a secret');
  }
  return decodeSecretId(secretId);
}

/**
 * A secret with the id of another one and a different random part, as forged from the masked
 * secret.
 */
export function forge(secret: string, randomByte = 5): string {
  return formatSecret('sk_live_', secretIdOf(secret), Buffer.alloc(24, randomByte));
}
