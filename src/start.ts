import { existsSync } from 'node:fs';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { serve } from './app/lifecycle.js';
import { escapeUnseen } from './common/escape-unseen.js';
import { CONFIG, type Config, type DatabaseConfig } from './config/config.js';
import { Migrator } from './database/migrator.js';
import { InternalListener } from './internal/internal-listener.js';
import { createFirstKey, firstKeyFile, type FirstKey } from './app/first-key.js';
import { LINE_SINK, type LineSink } from './logging/line-sink.js';

/**
 * What `npm start` runs: migrates, makes the first key of a new development database, serves, and
 * says where.
 */
let firstKey: FirstKey | null = null;

const app = await serve({
  beforeSchemaCheck: async (starting) => {
    await starting.get(Migrator).up();
  },
  beforeListen: async (starting, config) => {
    firstKey = await createFirstKey(starting, config);
  },
});
// Through the log's destination: after all lines of the log so far, and without waiting for a
// reader.
app.get<LineSink>(LINE_SINK).write(escapeUnseen(await banner(app, app.get<Config>(CONFIG))), true);
// If the parent has exited, the stop is already under way, so the error is ignored.
process.send?.({ type: 'ready' }, undefined, undefined, () => undefined);

async function banner(app: NestExpressApplication, config: Config): Promise<string> {
  const url = await app.getUrl();
  return `
  Latchkey is ready.

    API         ${url}/developers/api_keys
    Swagger UI  ${url}/docs
    Services    ${app.get(InternalListener).url}/verify
    Database    ${describeDatabase(config.database)}

${firstKey === null ? howToMakeAKey(firstKeyFile(config.dataDir)) : tryIt(url, firstKey)}
`;
}

function describeDatabase({ socketPath, host, port, name }: DatabaseConfig): string {
  return socketPath === undefined ? `${name} at ${host}:${port}` : `${name} at ${socketPath}`;
}

function tryIt(url: string, { key, file }: FirstKey): string {
  const where = file === null ? 'and kept nowhere else' : `is also in ${file}`;
  return `  Your first API key, shown once, ${where}. Create another with it:

    SECRET='${key.secret}'
    curl -s ${url}/developers/api_keys \\
      -H "Authorization: Bearer $SECRET" \\
      -H 'Content-Type: application/json' \\
      -d '{"label": "My API Key", "scopes": ["products.create"]}'
`;
}

function howToMakeAKey(firstKeyFile: string): string {
  const first = existsSync(firstKeyFile) ? `  The key of the first start is in ${firstKeyFile}.\n` : '';
  return `${first}  To make a key:

    npm run -s cli -- list-organizations
    npm run -s cli -- create-key --organization org_… --label Root
`;
}
