import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorCode } from '../common/error-code.js';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const CERTIFICATES = new RegExp(`${BEGIN}[^-]+-----END CERTIFICATE-----`, 'g');

/**
 * Reads a file of certificates: any number of them in PEM form, with whatever text or byte order
 * mark lies between them, or one in DER form. OpenSSL would ignore a file without any, and say at
 * the first connection that the authority is unknown.
 * @returns the certificates in PEM form
 * @throws Error that continues the name of a variable, and names the file
 */
export function readCertificates(path: string): string {
  const bytes = read(path);
  const text = bytes.toString('utf8');
  const found = text.match(CERTIFICATES) ?? [bytes];
  try {
    if (text.split(BEGIN).length - 1 > found.length) {
      throw new Error('a certificate has no end');
    }
    return found.map((certificate) => new X509Certificate(certificate).toString()).join('');
  } catch (error) {
    throw new Error(`has a ca= file that is not a valid certificate: ${path}`, { cause: error });
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`has a ca= file that cannot be read (${errorCode(error) ?? 'unknown error'}): ${path}`, {
      cause: error,
    });
  }
}
