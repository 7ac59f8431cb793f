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
 * The operator commands. Each prints one JSON value to stdout. Errors go to stderr, with exit code
 * 1.
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
  .description('migrate the schema to this version')
  .option('--down', 'revert the newest migration, with the loss of its data')
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
  .requiredOption('--name <name>', 'the name')
  .action(({ name }: { name: string }) => run(async (app) => shown(await app.get(OrganizationsService).create(name))));

program
  .command('list-organizations')
  .description('list every organization, oldest first')
  .action(() => run(async (app) => (await app.get(OrganizationsService).list()).map(shown)));

program
  .command('deactivate-organization <id>')
  .description('stop every key of an organization from working')
  .action((id: string) =>
    run(async (app) => shown(await app.get(OrganizationsService).deactivate(organizationId(id)))),
  );

program
  .command('reactivate-organization <id>')
  .description("make an organization's keys work again")
  .action((id: string) =>
    run(async (app) => shown(await app.get(OrganizationsService).reactivate(organizationId(id)))),
  );

program
  .command('create-key')
  .description('create an API key; its secret is printed only once')
  .requiredOption('--organization <id>', 'the organization that owns the key')
  .requiredOption('--label <label>', 'the label of the key')
  .option('--description <description>', 'the purpose of the key')
  .option('--scopes <scopes>', 'comma-separated (default: every scope)', list)
  .option('--ip-allow-list <networks>', 'comma-separated addresses and networks (default: any address)', list)
  .option('--expires-at <time>', 'YYYY-MM-DD HH:MM:SS, UTC (default: never)')
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

/** Uses the validation, the service and the rules of the API, with an operator as the caller. */
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

/** Runs one command on the connected database, prints its result, and exits. */
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
 * @throws Error when the result cannot be written, because a secret that is shown once would be
 * lost without notice
 */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) {
        resolve();
      } else {
        const code = errorCode(error) ?? error.message;
        reject(new Error(`The command succeeded, but its result could not be written to standard output (${code}).`));
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
      'The organization must be an id: org_ and a UUIDv7 in lower case. Run list-organizations to see the ids.',
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
