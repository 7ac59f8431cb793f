import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { ApiKeysService } from '../../src/api-keys/api-keys.service.js';
import type { CreateApiKeyRequest } from '../../src/api-keys/dto/create-api-key.request.js';
import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { createApp } from '../../src/app/create-app.js';
import { start, stop } from '../../src/app/lifecycle.js';
import type { Scope } from '../../src/common/access/scope.js';
import { newId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { parseEnv } from '../../src/config/parse-env.js';
import { Migrator } from '../../src/database/migrator.js';
import type { ListenerLimits } from '../../src/http/server/http-server.js';
import { InternalListener } from '../../src/internal/internal-listener.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { UsageMeter } from '../../src/usage/usage-meter.js';
import { MysqlProxy } from './mysql-proxy.js';
import { createSchema, type TestSchema } from './schema.js';

/** The pepper of every test: long and varied enough for production. */
export const TEST_PEPPER = 'test-pepper-that-guards-nothing-but-tests';

export interface TestAppOptions {
  /** A database that the caller owns. Default: a schema of its own, which `close` drops. */
  readonly database?: string;
  /** Connects to the schema of its own through a proxy of its own. */
  readonly isProxied?: boolean;
  /** Variables beside the defaults of a test: log level trace, a loopback address, free ports. */
  readonly env?: Readonly<Record<string, string>>;
  /** INTERNAL_TOKENS: who may call the internal listener. */
  readonly tokens?: string;
  /** Limits of the public listener. */
  readonly limits?: Partial<ListenerLimits>;
}

/**
 * The whole product in this process, over real HTTP on free ports, on a migrated database.
 *
 * @example
 * const latchkey = await TestApp.start({ env: { TRUST_PROXY: '127.0.0.1' } });
 * const { secret } = await latchkey.createKey(await latchkey.createOrganization());
 * await latchkey.close();
 */
export class TestApp {
  readonly url: string;
  /** The URL of the internal listener. */
  readonly internalUrl: string;

  private constructor(
    readonly app: NestExpressApplication,
    /** Every log line so far. */
    readonly logs: string[],
    private readonly own: OwnDatabase,
  ) {
    const { port } = app.getHttpServer().address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.internalUrl = app.get(InternalListener).url;
  }

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const own = await openDatabase(options);
    const logs: string[] = [];
    try {
      return new TestApp(await startApp(own.url, options, logs), logs, own);
    } catch (error) {
      await closeDatabase(own);
      throw error;
    }
  }

  /** The schema of its own. */
  get schema(): TestSchema {
    return present(this.own.schema, 'the database is not its own');
  }

  /** The proxy in front of the schema of its own. */
  get proxy(): MysqlProxy {
    return present(this.own.proxy, 'it was started without isProxied');
  }

  async createOrganization(name = 'Acme'): Promise<OrganizationId> {
    return (await this.app.get(OrganizationsService).create(name)).id;
  }

  /** A key made by an operator. Every scope, any address and no end, unless told otherwise. */
  createKey(organizationId: OrganizationId, request: KeyRequest = {}): Promise<CreatedApiKeyResponse> {
    const operator = { kind: 'operator', organizationId, requestId: newId('req_') } as const;
    const body = { label: 'Test key', ...request } as CreateApiKeyRequest;
    return this.app.get(ApiKeysService).create(operator, body);
  }

  /** Writes the counts of the usage meter now. */
  flushUsage(): Promise<void> {
    return this.app.get(UsageMeter).flush();
  }

  async close(): Promise<void> {
    this.own.proxy?.set('open');
    await stop(this.app);
    await closeDatabase(this.own);
  }
}

/** The fields of a new key that a test sets. */
export type KeyRequest = Partial<
  Pick<CreateApiKeyRequest, 'label' | 'description'> & {
    readonly scopes: readonly Scope[];
    readonly ip_allow_list: readonly string[];
    readonly expires_at: string | null;
  }
>;

/** The URL of a database, and what of it ends with the app. */
interface OwnDatabase {
  readonly url: string;
  readonly schema?: TestSchema;
  readonly proxy?: MysqlProxy;
}

async function openDatabase({ database, isProxied = false }: TestAppOptions): Promise<OwnDatabase> {
  if (database !== undefined) {
    return { url: database };
  }
  const schema = await createSchema();
  if (!isProxied) {
    return { url: schema.url, schema };
  }
  const proxy = await MysqlProxy.open();
  return { url: proxy.url(schema.name), schema, proxy };
}

async function closeDatabase({ schema, proxy }: OwnDatabase): Promise<void> {
  await proxy?.close();
  await schema?.drop();
}

async function startApp(database: string, options: TestAppOptions, logs: string[]): Promise<NestExpressApplication> {
  const env = {
    DATABASE_URL: database,
    HOST: '127.0.0.1',
    PORT: '0',
    INTERNAL_PORT: '0',
    SECRET_PEPPER: TEST_PEPPER,
    LOG_LEVEL: 'trace',
    LOG_FORMAT: 'json',
    DATABASE_WAIT_MS: '0',
    ...(options.tokens !== undefined && { INTERNAL_TOKENS: options.tokens }),
    ...options.env,
  };
  const config = parseEnv(env, () => Buffer.from(TEST_PEPPER));
  const app = await createApp(config, {
    sink: { write: (line) => logs.push(line) },
    ...(options.limits !== undefined && { server: options.limits }),
  });
  try {
    await start(app, {
      beforeSchemaCheck: async (starting) => {
        await starting.get(Migrator).up();
      },
    });
    return app;
  } catch (error) {
    await stop(app);
    throw error;
  }
}

function present<T>(value: T | undefined, complaint: string): T {
  if (value === undefined) {
    throw new Error(complaint);
  }
  return value;
}
