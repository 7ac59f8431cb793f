import { Base62Field } from '../../src/secrets/base62.js';

const PREFIX_LENGTH = 'sk_live_'.length;
const ID_LENGTH = 22;
const RANDOM_LENGTH = 33;

/** The part of a secret that is its whole strength. */
export function randomPart(secret: string): string {
  const start = PREFIX_LENGTH + ID_LENGTH;
  return secret.slice(start, start + RANDOM_LENGTH);
}

/**
 * Everything that identifies a secret, in lower case: its random part as text, as the bytes behind
 * it, in hexadecimal, percent-encoded, and in base64 at every alignment. (The whole secret contains
 * its random part.)
 */
export function formsOf(secret: string): readonly string[] {
  const random = randomPart(secret);
  const text = Buffer.from(random);
  const bytes = new Base62Field(24).decode(random);
  const forms = [
    random,
    text.toString('hex'),
    text.toString('hex').replace(/../g, '%$&'),
    bytes.toString('hex'),
    ...base64Forms(text),
    ...base64Forms(bytes),
  ];
  return [...new Set(forms.map((form) => form.toLowerCase()))];
}

/** Which of the secrets show in a text, by their place in the list. */
export function findSecrets(text: string, secrets: readonly string[]): number[] {
  const lower = text.toLowerCase();
  return secrets.flatMap((secret, place) => (formsOf(secret).some((form) => lower.includes(form)) ? [place] : []));
}

/** base64 encodes three bytes at a time, so the result depends on how many bytes precede. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The characters at both ends also encode neighbouring bytes.
    const certain = encoded.slice(Math.ceil((before * 8) / 6), -1);
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
