import { randomBytes } from 'node:crypto';
import { constants, closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../common/error-code.js';
import type { Pepper } from './config.js';
import { ConfigError } from './parse-env.js';

/**
 * What `trim` leaves of a file that is whole: an editor may have added a byte order mark or line
 * ends.
 */
const PEPPER = /^[^\p{Cc}\uFFFD]{32,}$/u;

/**
 * The pepper of a development machine: generated once, in a file that only its owner can
 * read.
 */
export function developmentPepper(dataDir: string): Pepper {
  const path = join(dataDir, 'pepper');
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return readPepper(path) ?? createPepper(path);
  } catch (error) {
    const code = errorCode(error);
    throw code === undefined ? error : unusable(path, code);
  }
}

function unusable(path: string, code: string): ConfigError {
  return new ConfigError([
    `DATA_DIR must be a folder that this user may write; ${path} can be neither read nor created there (${code}). Alternatively, set SECRET_PEPPER`,
  ]);
}

function readPepper(path: string): Pepper | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return null;
    }
    throw error;
  }
  try {
    const pepper = readFileSync(file, 'utf8').trim();
    if (!PEPPER.test(pepper)) {
      throw new ConfigError([
        `${path} is not a pepper; restore it, or delete it together with the development database`,
      ]);
    }
    return Buffer.from(pepper);
  } finally {
    closeSync(file);
  }
}

function createPepper(path: string): Pepper {
  const pepper = randomBytes(32).toString('base64');
  try {
    const file = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    writeSync(file, `${pepper}\n`);
    closeSync(file);
    return Buffer.from(pepper);
  } catch (error) {
    // Two processes that start at once: the one that came first made it.
    const other = errorCode(error) === 'EEXIST' ? readPepper(path) : null;
    if (other === null) {
      throw error;
    }
    return other;
  }
}
