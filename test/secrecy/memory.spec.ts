import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { exchange } from '../support/load-client.js';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { preload } from '../support/preload.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { randomPart } from './forms.js';

const KEYS_USED = 30;
const SECRET_ID = { start: 'sk_live_'.length, end: 'sk_live_'.length + 22 };
const oneTime = () => new Agent({ keepAlive: false });

describe('the texts that stay in memory', () => {
  let schema: TestSchema;
  let service: TestProcess;
  const snapshot = join(makeFolder(), 'memory.heapsnapshot');

  beforeAll(async () => {
    schema = await createSchema();
    service = await TestProcess.start({
      program: 'start',
      database: schema.url,
      env: {
        NODE_OPTIONS: preload('test/secrecy/snapshot.mjs'),
        SNAPSHOT_FILE: snapshot,
      },
    });
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  });

  /** The ways to send a secret, each on a connection of its own. */
  const ways: ((secret: string) => Promise<string>)[] = [
    async (secret) => (await service.send('GET', `${KEYS}/current`, { secret })).body,
    (secret) => atDoors('POST', '/verify', { secret }),
    (secret) => atDoors('POST', '/verify/batch', { requests: [{ secret }] }),
    (secret) =>
      atDoors('POST', '/introspect', `token=${secret}`, { 'content-type': 'application/x-www-form-urlencoded' }),
    async (secret) => {
      const { headers } = await exchange(oneTime(), 'GET', `${service.internalUrl}/forward-auth?scopes=`, { secret });
      return String(headers['x-api-key-id']);
    },
  ];

  async function atDoors(
    method: string,
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<string> {
    return (await exchange(oneTime(), method, `${service.internalUrl}${path}`, { body, headers })).body;
  }

  it('have the id of each secret that was verified, whichever way it came in first, and no secret', async () => {
    const keys: MadeKey[] = [];
    for (let i = 0; i < KEYS_USED; i++) {
      keys.push(await service.createKey(`Key ${i}`));
    }
    for (const [place, { id, secret }] of keys.entries()) {
      for (let i = 0; i < ways.length; i++) {
        expect(await ways[(place + i) % ways.length]?.(secret)).toContain(id);
      }
    }
    // What the last requests left here and there gives way to what the next ones bring.
    for (let i = 0; i < 50; i++) {
      await Promise.all(ways.map((way) => way(`none-${i}`)));
    }
    service.signal('SIGUSR2');
    await service.prints('the heap is in');
    const texts = readFileSync(snapshot, 'latin1');
    const idOf = (secret: string) => secret.slice(SECRET_ID.start, SECRET_ID.end);
    // Only the cache holds these. They show that the snapshot contains the cache.
    expect(keys.filter(({ secret }) => texts.includes(idOf(secret)))).toHaveLength(KEYS_USED);
    expect(keys.filter(({ secret }) => texts.includes(randomPart(secret))).map(({ id }) => id)).toEqual([]);
  }, 60_000);
});
