import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { start, stop } from '../../src/app/lifecycle.js';
import { createApp } from '../../src/app/create-app.js';
import { ApiKeysService } from '../../src/api-keys/api-keys.service.js';
import type { CreateApiKeyRequest } from '../../src/api-keys/dto/create-api-key.request.js';
import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { newId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { parseEnv } from '../../src/config/parse-env.js';
import { Migrator } from '../../src/database/migrator.js';
import { InternalListener } from '../../src/internal/internal-listener.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { UsageMeter } from '../../src/usage/usage-meter.js';
import { createSchema, type TestSchema } from './schema.js';

/** The pepper of every test: long and varied enough for production. */
export const TEST_PEPPER = 'test-pepper-that-guards-nothing-but-tests';

/** The whole product in this process, over real HTTP on a free port, on a schema of its own. */
export interface TestApp {
  readonly app: NestExpressApplication;
  readonly url: string;
  /** Where the endpoints for services are. */
  readonly internalUrl: string;
  readonly schema: TestSchema;
  /** Every log line so far. */
  readonly logs: string[];
  createOrganization(name?: string): Promise<OrganizationId>;
  /** A key made by an operator. Every scope, any address and no end, unless told otherwise. */
  createKey(organizationId: OrganizationId, request?: Partial<CreateApiKeyRequest>): Promise<CreatedApiKeyResponse>;
  /** Writes the counts of the meter now. */
  flushUsage(): Promise<void>;
  close(): Promise<void>;
}

/** @param env variables beside the defaults of a test: level trace, cost 10, a loopback address */
export async function startTestApp(env: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  const schema = await createSchema();
  const logs: string[] = [];
  const config = parseEnv(
    {
      DATABASE_URL: schema.url,
      HOST: '127.0.0.1',
      PORT: '0',
      INTERNAL_PORT: '0',
      SECRET_PEPPER: TEST_PEPPER,
      LOG_LEVEL: 'trace',
      LOG_FORMAT: 'json',
      DATABASE_WAIT_MS: '0',
      ...env,
    },
    () => Buffer.from(TEST_PEPPER),
  );
  const app = await createApp(config, { sink: { write: (line) => logs.push(line) } });
  await start(app, {
    beforeSchemaCheck: async (starting) => {
      await starting.get(Migrator).up();
    },
  });
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    url: `http://127.0.0.1:${port}`,
    internalUrl: app.get(InternalListener).url,
    schema,
    logs,
    createOrganization: async (name = 'Acme') => (await app.get(OrganizationsService).create(name)).id,
    createKey: (organizationId, request = {}) =>
      app
        .get(ApiKeysService)
        .create({ kind: 'operator', organizationId, requestId: newId('req_') }, { label: 'Test key', ...request }),
    flushUsage: () => app.get(UsageMeter).flush(),
    close: async () => {
      await stop(app);
      await schema.drop();
    },
  };
}
