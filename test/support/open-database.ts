import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiKeySecret } from '../../src/api-keys/api-key-secret.entity.js';
import { ApiKey } from '../../src/api-keys/api-key.entity.js';
import { databaseUrl } from '../../src/config/database-url.js';
import { connectionOptions } from '../../src/database/connection-options.js';
import { Database } from '../../src/database/database.js';
import { Organization } from '../../src/organizations/organization.entity.js';

/** Connects to a database as the product does, without the rest of the product. Logs nothing. */
export async function openDatabase(url: string, poolSize?: number): Promise<Database> {
  Logger.overrideLogger(false);
  const options = connectionOptions(databaseUrl(url), [Organization, ApiKey, ApiKeySecret], poolSize);
  const database = new Database(new DataSource(options));
  await database.connect(0);
  return database;
}
