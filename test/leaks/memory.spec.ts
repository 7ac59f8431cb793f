import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join, resolve } from 'node:path';
import { KEYS } from '../support/api-client.js';
import { exchange } from '../support/http-load.js';
import { endProducts, makeFolder } from '../support/product.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { startService, type MadeKey, type Service } from '../support/service.js';
import { randomPart } from './forms.js';

const KEYS_USED = 20;

describe('what stays in memory', () => {
  let schema: TestSchema;
  let service: Service;
  const snapshot = join(makeFolder(), 'memory.heapsnapshot');

  beforeAll(async () => {
    schema = await createSchema();
    service = await startService(schema.url, {
      NODE_OPTIONS: `--import ${resolve('test/leaks/snapshot.mjs')}`,
      SNAPSHOT_FILE: snapshot,
    });
  }, 60_000);

  afterAll(async () => {
    await endProducts();
    await schema.drop();
  });

  it('of keys that were verified, cold and warm, at both listeners, is what verification needs, and no secret', async () => {
    const keys: MadeKey[] = [];
    for (let i = 0; i < KEYS_USED; i++) {
      keys.push(await service.createKey(`Key ${i}`));
    }
    const doors = await service.product.internalUrl();
    for (const { secret } of [...keys, ...keys]) {
      const agent = new Agent({ keepAlive: false });
      const verified = await exchange(agent, 'POST', `${doors}/verify`, undefined, { secret });
      expect(verified.body).toContain('"code":"VALID"');
      expect((await service.send('GET', `${KEYS}/current`, secret)).status).toBe(200);
    }
    // What the last requests left here and there gives way to what the next ones bring.
    for (let i = 0; i < 50; i++) {
      await exchange(new Agent({ keepAlive: false }), 'POST', `${doors}/verify`, undefined, { secret: `none ${i}` });
      await service.send('GET', `${KEYS}/current`, `none-${i}`);
    }
    service.product.signal('SIGUSR2');
    await service.product.says('all that is in memory is in');
    const memory = readFileSync(snapshot, 'latin1');
    const isThere = (text: string) => memory.includes(text);
    // The keys are remembered, and found by how they are written there.
    expect(keys.filter(({ id }) => isThere(id))).toHaveLength(KEYS_USED);
    expect(keys.filter(({ secret }) => isThere(randomPart(secret))).map(({ id }) => id)).toEqual([]);
  }, 60_000);
});
