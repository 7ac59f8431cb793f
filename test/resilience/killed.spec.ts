import { KEYS, type MadeKey } from '../support/api-client.js';
import { envelope, exchange, Load, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { createSchema, type TestSchema } from '../support/schema.js';

const ROUNDS = 3;
const CLIENTS = 4;

describe('a service that is killed while keys are created and deleted', () => {
  let schema: TestSchema;
  beforeAll(async () => {
    schema = await createSchema();
  });
  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  });

  it('has done all that it had acknowledged: each created key verifies, each deleted one does not', async () => {
    let service = await TestProcess.start({ program: 'start', database: schema.url });
    const { dataDir } = service;
    const created = new Map<string, MadeKey>();
    const deleted = new Map<string, MadeKey>();
    for (let round = 0; round < ROUNDS; round++) {
      await changeUntilKilled(service, created, deleted);
      service = await TestProcess.start({ program: 'start', database: schema.url, dataDir });
      await expectAsAcknowledged(service, created, deleted);
    }
    expect(created.size).toBeGreaterThan(ROUNDS);
    expect(deleted.size).toBeGreaterThan(ROUNDS);
    expect(await service.stop()).toBe(0);
  }, 60_000);
});

/** Each client creates keys and deletes two of three until the process dies. */
async function changeUntilKilled(
  service: TestProcess,
  created: Map<string, MadeKey>,
  deleted: Map<string, MadeKey>,
): Promise<void> {
  const turns = new Map<number, MadeKey[]>();
  let count = 0;
  const load = new Load(CLIENTS, async (agent, client) => {
    const own = turns.get(client) ?? [];
    turns.set(client, own);
    const victim = own.length > 2 ? own.shift() : undefined;
    if (victim !== undefined) {
      // Sent and not acknowledged, so it may be deleted or not.
      created.delete(victim.id);
      const outcome = await exchange(agent, 'DELETE', `${service.url}${KEYS}/${victim.id}`, {
        secret: service.firstKey.secret,
      });
      if (outcome.status === 200) {
        deleted.set(victim.id, victim);
      }
      return outcome;
    }
    const outcome = await exchange(agent, 'POST', `${service.url}${KEYS}`, {
      secret: service.firstKey.secret,
      body: {
        label: `key ${++count}`,
      },
    });
    if (outcome.status === 200) {
      const key = envelope<MadeKey>(outcome).data;
      created.set(key.id, key);
      own.push(key);
    }
    return outcome;
  });
  await load.goesOnFor(30);
  service.signal('SIGKILL');
  await service.ends();
  const outcomes = await load.stop();
  expect(Object.keys(tally(outcomes)).filter((kind) => !['200', 'ECONNRESET', 'ECONNREFUSED'].includes(kind))).toEqual(
    [],
  );
}

async function expectAsAcknowledged(
  service: TestProcess,
  created: ReadonlyMap<string, MadeKey>,
  deleted: ReadonlyMap<string, MadeKey>,
): Promise<void> {
  for (const { id, secret } of created.values()) {
    expect((await service.send('GET', `${KEYS}/${id}`, { secret })).status).toBe(200);
  }
  for (const { id, secret } of deleted.values()) {
    expect((await service.send('GET', `${KEYS}/${id}`, { secret })).status).toBe(401);
    expect((await service.send('GET', `${KEYS}/${id}`)).status).toBe(404);
  }
}
