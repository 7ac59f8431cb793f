import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { Command } from 'commander';
import { NotMigratedError } from './start-errors.js';
import { AppModule } from './app.module.js';
import { assignPepperVersions } from '../secrets/pepper-versions.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { CreateApiKeyRequest } from '../api-keys/dto/create-api-key.request.js';
import { DomainError, InvalidInputError } from '../common/domain-error.js';
import { errorCode } from '../common/error-code.js';
import { escapeUnseen } from '../common/escape-unseen.js';
import { isPrefixedId, newId, type OrganizationId } from '../common/prefixed-id.js';
import { loadConfig } from '../config/load-config.js';
import { databaseFailure } from '../database/database-failure.js';
import { Database } from '../database/database.js';
import { Migrator } from '../database/migrator.js';
import { RequestValidationPipe } from '../http/validation.pipe.js';
import { redactSecrets } from '../logging/redact-secrets.js';
import { surviveStreamErrors, writeToStandardError } from '../logging/standard-streams.js';
import type { Organization } from '../organizations/organization.entity.js';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { PepperKeyring } from '../secrets/pepper-keyring.js';

surviveStreamErrors();

/**
 * Operator commands. Each prints one JSON value on stdout; errors go to stderr, with exit code 1.
 */
const program = new Command('cli')
  .description('Latchkey operator commands')
  .showHelpAfterError()
  .configureOutput({
    outputError: (text, write) => {
      write(escapeUnseen(text));
    },
  })
  .exitOverride((reason) => {
    process.exit(reason.exitCode === 0 ? 0 : 1);
  });

program
  .command('migrate')
  .description('bring the schema up to date')
  .option('--down', 'take the newest migration back, and its data with it')
  .action((options: { down?: true }) =>
    run(async (app) => {
      const migrator = app.get(Migrator);
      return options.down === true
        ? migrator.down().then(() => ({ reverted: true }))
        : { applied: await migrator.up() };
    }, 'any schema'),
  );

program
  .command('create-organization')
  .description('create an organization')
  .requiredOption('--name <name>', 'its name')
  .action(({ name }: { name: string }) => run(async (app) => shown(await app.get(OrganizationsService).create(name))));

program
  .command('list-organizations')
  .description('list every organization, oldest first')
  .action(() => run(async (app) => (await app.get(OrganizationsService).list()).map(shown)));

program
  .command('deactivate-organization <id>')
  .description('stop every key of an organization')
  .action((id: string) =>
    run(async (app) => shown(await app.get(OrganizationsService).deactivate(organizationId(id)))),
  );

program
  .command('reactivate-organization <id>')
  .description("let an organization's keys work again")
  .action((id: string) =>
    run(async (app) => shown(await app.get(OrganizationsService).reactivate(organizationId(id)))),
  );

program
  .command('create-key')
  .description('create an API key; its secret is printed this once')
  .requiredOption('--organization <id>', 'whose key it is')
  .requiredOption('--label <label>', 'what it is called')
  .option('--description <description>', 'what it is for')
  .option('--scopes <scopes>', 'comma-separated; every scope unless given', list)
  .option('--ip-allow-list <networks>', 'comma-separated addresses and networks; any address unless given', list)
  .option('--expires-at <time>', 'YYYY-MM-DD HH:MM:SS, UTC; never unless given')
  .action((options: CreateKeyOptions) => run((app) => createKey(app, options)));

await program.parseAsync();

interface CreateKeyOptions {
  readonly organization: string;
  readonly label: string;
  readonly description?: string;
  readonly scopes?: string[];
  readonly ipAllowList?: string[];
  readonly expiresAt?: string;
}

/** Goes through the same validation, service and rules as the API; the caller is an operator. */
async function createKey(app: INestApplicationContext, options: CreateKeyOptions): Promise<unknown> {
  const body = {
    label: options.label,
    description: options.description,
    scopes: options.scopes,
    ip_allow_list: options.ipAllowList,
    expires_at: options.expiresAt,
  };
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  const request = (await new RequestValidationPipe().transform(given, {
    type: 'body',
    metatype: CreateApiKeyRequest,
  })) as CreateApiKeyRequest;
  const caller = {
    kind: 'operator',
    organizationId: organizationId(options.organization),
    requestId: newId('req_'),
  } as const;
  return app.get(ApiKeysService).create(caller, request);
}

/** Runs one command on the connected database, prints what it returns, and ends. */
async function run(
  command: (app: INestApplicationContext) => Promise<unknown>,
  on: 'a migrated schema' | 'any schema' = 'a migrated schema',
): Promise<void> {
  let app: INestApplicationContext | undefined;
  try {
    const config = loadConfig();
    app = await NestFactory.createApplicationContext(AppModule.forRoot(config), { logger: false });
    await app.get(Database).connect(config.databaseWaitMs);
    if (on === 'a migrated schema') {
      if (await app.get(Migrator).isPending()) {
        throw new NotMigratedError();
      }
      await assignPepperVersions(app.get(Database).over('system'), app.get(PepperKeyring), config);
    }
    await print(`${escapeUnseen(JSON.stringify(await command(app), null, 2))}\n`);
  } catch (error) {
    writeToStandardError(`${escapeUnseen(redactSecrets(described(error)))}\n`);
    process.exitCode = 1;
  } finally {
    await app?.close();
    await app?.get(Database).close();
  }
}

/**
 * @throws Error when standard output does not take the result: a secret that is shown once would be
 * lost in silence
 */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) {
        resolve();
      } else {
        const code = errorCode(error) ?? error.message;
        reject(
          new Error(`The command was carried out, but its result could not be written to standard output (${code}).`),
        );
      }
    });
  });
}

function described(error: unknown): string {
  const ofDatabase = databaseFailure(error);
  if (ofDatabase !== null) {
    return ofDatabase;
  }
  if (error instanceof DomainError) {
    const fields = Object.entries(error.fields ?? {}).map(([field, message]) => `  ${field}: ${message}`);
    return [error.message, ...(error.detail === undefined ? [] : [`  ${error.detail}`]), ...fields].join('\n');
  }
  return error instanceof Error ? error.message : String(error);
}

function organizationId(text: string): OrganizationId {
  if (!isPrefixedId('org_', text)) {
    throw new InvalidInputError(
      'The organization must be named by its id: org_ and a UUIDv7 in lower case. See list-organizations.',
    );
  }
  return text;
}

function list(text: string): string[] {
  return text.split(',').map((entry) => entry.trim());
}

function shown(organization: Organization) {
  return {
    id: organization.id,
    name: organization.name,
    created_at: organization.createdAt,
    updated_at: organization.updatedAt,
    deactivated_at: organization.deactivatedAt,
  };
}
