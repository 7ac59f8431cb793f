import type { NestExpressApplication } from '@nestjs/platform-express';
import { InternalListener } from '../../src/internal/internal-listener.js';
import { UsageMeter } from '../../src/usage/usage-meter.js';
import { startAppOn } from '../support/app-on.js';
import { insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import type { MadeKey } from '../support/service.js';
import { INTERNAL_TOKENS } from './internal-app.js';

/** The product with its endpoints, and a way to its database that can break. */
export interface SeverableApp {
  readonly app: NestExpressApplication;
  readonly url: string;
  readonly internalUrl: string;
  readonly schema: TestSchema;
  readonly proxy: MysqlProxy;
  /** Keys that may do everything, of one organization. */
  readonly keys: readonly MadeKey[];
  flushUsage(): Promise<void>;
  close(): Promise<void>;
}

export async function startSeverableApp(env: Readonly<Record<string, string>> = {}): Promise<SeverableApp> {
  const schema = await createSchema();
  const proxy = await MysqlProxy.open();
  const served = await startAppOn(proxy.url(schema.name), { INTERNAL_TOKENS, ...env });
  const { app, url } = served;
  const keys = await insertVerifiableKeys(schema.connection, await insertOrganization(schema.connection), 20);
  return {
    app,
    url,
    internalUrl: app.get(InternalListener).url,
    schema,
    proxy,
    keys,
    flushUsage: () => app.get(UsageMeter).flush(),
    close: async () => {
      proxy.set('open');
      await served.close();
      await proxy.close();
      await schema.drop();
    },
  };
}
