import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { start, stop } from '../../src/app/lifecycle.js';
import { createApp } from '../../src/app/create-app.js';
import { parseEnv } from '../../src/config/parse-env.js';
import { Migrator } from '../../src/database/migrator.js';
import { TEST_PEPPER } from './test-app.js';

/** The whole product in this process, on a database that the test chooses. */
export interface AppOn {
  readonly app: NestExpressApplication;
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the product on a database that other instances may use too; migrates it first. */
export async function startAppOn(databaseUrl: string, env: Readonly<Record<string, string>> = {}): Promise<AppOn> {
  const config = parseEnv(
    {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      INTERNAL_PORT: '0',
      SECRET_PEPPER: TEST_PEPPER,
      LOG_FORMAT: 'json',
      ...env,
    },
    () => Buffer.from(TEST_PEPPER),
  );
  const app = await createApp(config, { sink: { write: () => undefined } });
  try {
    await start(app, {
      beforeSchemaCheck: async (starting) => {
        await starting.get(Migrator).up();
      },
    });
  } catch (error) {
    await stop(app);
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    url: `http://127.0.0.1:${port}`,
    close: () => stop(app),
  };
}
