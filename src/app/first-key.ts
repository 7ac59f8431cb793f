import { constants, openSync, closeSync, mkdirSync, renameSync, writeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { CreatedApiKeyResponse } from '../api-keys/dto/created-api-key.response.js';
import { newId } from '../common/prefixed-id.js';
import type { Config } from '../config/config.js';
import { isLoopback } from '../config/is-loopback.js';
import { OrganizationsService } from '../organizations/organizations.service.js';

/**
 * The first key of a development database, and the file with its secret. The file is null if
 * DATA_DIR cannot be written.
 */
export interface FirstKey {
  readonly key: CreatedApiKeyResponse;
  readonly file: string | null;
}

/**
 * On an empty database, in development and on a loopback address, creates the organization
 * `Development` and a key with every scope, and writes it to a file that only the owner can read.
 * Returns null in every other case.
 */
export async function createFirstKey(app: INestApplicationContext, config: Config): Promise<FirstKey | null> {
  if (config.env !== 'development' || !isLoopback(config.host)) {
    return null;
  }
  const organization = await app.get(OrganizationsService).createFirst('Development');
  if (organization === null) {
    return null;
  }
  const operator = { kind: 'operator', organizationId: organization.id, requestId: newId('req_') } as const;
  const key = await app
    .get(ApiKeysService)
    .create(operator, { label: 'Development key', description: 'Made by the first start' });
  return { key, file: writeDownIfPossible(config.dataDir, key) };
}

/**
 * The key exists and is printed in any case, so a folder that cannot be written does not end the
 * start.
 */
function writeDownIfPossible(dataDir: string, key: CreatedApiKeyResponse): string | null {
  try {
    return writeDown(dataDir, key);
  } catch (error) {
    new Logger('FirstKey').warn(error, 'the first key could not be written to DATA_DIR');
    return null;
  }
}

/** The path of the file with the first key. */
export function firstKeyFile(dataDir: string): string {
  return join(dataDir, 'first-key.json');
}

/**
 * Writes a new file and renames it, so that an existing symbolic link is replaced, not followed.
 */
function writeDown(dataDir: string, key: CreatedApiKeyResponse): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = firstKeyFile(dataDir);
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  writeSync(
    file,
    `${JSON.stringify({ organization_id: key.organization_id, id: key.id, secret: key.secret }, null, 2)}\n`,
  );
  closeSync(file);
  renameSync(draft, path);
  return path;
}
