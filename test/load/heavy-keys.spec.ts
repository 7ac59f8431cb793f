import { Agent } from 'node:http';
import type { MadeKey } from '../support/api-client.js';
import { exchange } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { greatestFields, insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { readMetric } from './verify-load.js';

const KEYS = 20_000;
const IN_BATCH = 100;

describe('a process with a heap of 256 MB and settings as they come', () => {
  let schema: TestSchema;
  let keys: MadeKey[];
  let dataDir: string;

  beforeAll(async () => {
    schema = await createSchema();
    // So that the service finds its tables made, and the keys in them.
    const first = await TestProcess.start({ program: 'start', database: schema.url });
    ({ dataDir } = first);
    await first.stop();
    keys = await insertVerifiableKeys(
      schema.connection,
      await insertOrganization(schema.connection),
      KEYS,
      greatestFields,
    );
  }, 300_000);

  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  });

  it('verifies more keys of the greatest size than fit into it, some of them twice, and logs how large its cache may be', async () => {
    const service = await TestProcess.start({
      program: 'start',
      database: schema.url,
      env: { NODE_OPTIONS: '--max-old-space-size=256' },
      dataDir,
    });
    expect(service.output).toMatch(/CACHE_MAX_BYTES is 268435456, but the cache takes at most \d+ bytes/);
    const agent = new Agent({ keepAlive: true });
    let mostCached = 0;
    for (let at = 0; at < 1.2 * KEYS; at += IN_BATCH) {
      const secrets = keys.slice(at % KEYS, (at % KEYS) + IN_BATCH).map(({ secret }) => ({ secret }));
      const { status, body } = await exchange(agent, 'POST', `${service.internalUrl}/verify/batch`, {
        body: {
          requests: secrets,
        },
      });
      expect(status).toBe(200);
      // No address is sent. It is enough that the key is cached together with its networks.
      expect(body.match(/"code":"CLIENT_IP_REQUIRED"/g)).toHaveLength(IN_BATCH);
      mostCached = Math.max(
        mostCached,
        at % 5_000 === 0 ? await readMetric(service.internalUrl, 'latchkey_cache_bytes') : 0,
      );
    }
    expect(mostCached).toBeGreaterThan(20_000_000);
    expect(mostCached).toBeLessThan(90_000_000);
    expect(await service.stop()).toBe(0);
  }, 300_000);
});
