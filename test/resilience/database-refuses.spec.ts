import type { Connection, RowDataPacket } from 'mysql2/promise';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { exchange, Load, longestMs, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { schemaUrl, startServer, type StoppableServer } from '../support/stoppable-server.js';
import { expectUnavailable } from './expect-unavailable.js';
import { measured } from '../support/reports.js';

const RECOVERY_MS = 5_000;
const LONGEST_MS = 5_000;
const FEW_CONNECTIONS = 12;

describe('a database server that accepts no more connections', () => {
  let server: StoppableServer;
  let admin: Connection;
  let service: TestProcess;
  let key: MadeKey;

  beforeAll(async () => {
    server = await startServer();
    admin = await server.connect();
    service = await TestProcess.start({ program: 'start', database: schemaUrl(server.socketPath) });
    key = await service.createKey('a');
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await admin.end();
    await server.destroy();
  }, 60_000);

  it('because others have taken every connection is a 503, and forgotten once they leave', async () => {
    await admin.query(`SET GLOBAL max_connections = ${FEW_CONNECTIONS}`);
    await killConnectionsOfTheService(admin);
    const others = await takeEveryConnection(server);
    try {
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => service.send('GET', KEYS)));
      expectUnavailable(outcomes);
      expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
      measured('longest request with max_connections reached', longestMs(outcomes));
    } finally {
      await Promise.all(others.map((connection) => connection.end()));
      await admin.query('SET GLOBAL max_connections = 151');
    }
    const backMs = performance.now();
    await eventually('it recovers', async () => (await service.send('GET', KEYS)).status === 200, RECOVERY_MS);
    measured('recovery after max_connections was reached', performance.now() - backMs);
  }, 30_000);

  it('because our own connections all wait for a locked row is a 503 in time', async () => {
    const holder = await server.connect();
    try {
      await holder.query('USE latchkey');
      await holder.beginTransaction();
      await holder.query('SELECT id FROM api_keys FOR UPDATE');
      const changes = Array.from({ length: 15 }, (_, i) =>
        service.send('PUT', `${KEYS}/${key.id}`, service.firstKey, { label: `number ${i}` }),
      );
      const reads = Array.from({ length: 15 }, () => service.send('GET', `${KEYS}/${key.id}`, key));
      const outcomes = await Promise.all([...changes, ...reads]);
      expectUnavailable(outcomes.slice(0, changes.length));
      expect(Object.keys(tally(outcomes)).filter((kind) => !['200', '503'].includes(kind))).toEqual([]);
      expect(longestMs(outcomes)).toBeLessThan(LONGEST_MS);
      measured('longest request with every connection waiting for a row', longestMs(outcomes));
      await holder.rollback();
    } finally {
      await holder.end();
    }
    const backMs = performance.now();
    await eventually(
      'it recovers',
      async () => (await service.send('PUT', `${KEYS}/${key.id}`, service.firstKey, { label: 'after' })).status === 200,
      RECOVERY_MS,
    );
    measured('recovery after a row was held', performance.now() - backMs);
  }, 30_000);

  it('kills connections under load: answers and 503s, nothing else', async () => {
    const load = new Load(8, (agent) =>
      exchange(agent, 'GET', `${service.url}${KEYS}/${key.id}`, { secret: key.secret }),
    );
    for (let round = 0; round < 10; round++) {
      await load.goesOnFor(20);
      await killConnectionsOfTheService(admin);
    }
    const outcomes = await load.stop();
    expect(Object.keys(tally(outcomes)).filter((kind) => !['200', '503'].includes(kind))).toEqual([]);
    expect(service.stderr).toBe('');
  }, 30_000);
});

describe('a database server that only lets read', () => {
  let server: StoppableServer;
  let admin: Connection;
  let service: TestProcess;

  beforeAll(async () => {
    server = await startServer();
    admin = await server.connect();
    service = await TestProcess.start({ program: 'start', database: schemaUrl(server.socketPath) });
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await admin.end();
    await server.destroy();
  }, 60_000);

  it('is a 503 to every change; reads and verification work, and no count is lost', async () => {
    const { id, secret } = await service.createKey('read only');
    await setReadOnly(admin, true);
    const changes = await Promise.all([
      service.send('POST', KEYS, service.firstKey, { label: 'refused' }),
      service.send('PUT', `${KEYS}/${id}`, service.firstKey, { label: 'refused' }),
      service.send('DELETE', `${KEYS}/${id}`),
    ]);
    expectUnavailable(changes);
    const reads = await Promise.all(Array.from({ length: 9 }, () => service.send('GET', `${KEYS}/${id}`, { secret })));
    expect(tally(reads)).toEqual({ 200: 9 });
    await service.prints('usage counts could not be written; they are kept and written later');
    expect(await countOf(admin, id)).toBe(0);

    await setReadOnly(admin, false);
    await eventually('the counts are written', async () => (await countOf(admin, id)) > 0, RECOVERY_MS);
    expect(await countOf(admin, id)).toBe(9);
    expect((await service.send('PUT', `${KEYS}/${id}`, service.firstKey, { label: 'again' })).status).toBe(200);
    expect((await service.send('GET', `${KEYS}/${id}`, { secret })).body).toContain('"label":"again"');
  }, 30_000);
});

async function killConnectionsOfTheService(admin: Connection): Promise<void> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SELECT id AS thread FROM information_schema.processlist WHERE user = 'latchkey'",
  );
  for (const row of rows) {
    // It may have ended in the meantime.
    await admin.query(`KILL ${Number(row.thread)}`).catch(() => undefined);
  }
}

/**
 * Opens connections as other clients would until the server refuses one. (It reserves one more for
 * its administrators.)
 */
async function takeEveryConnection(server: StoppableServer): Promise<Connection[]> {
  const taken: Connection[] = [];
  try {
    for (let i = 0; i <= FEW_CONNECTIONS; i++) {
      taken.push(await server.connect());
    }
  } catch {
    // Full.
  }
  return taken;
}

async function setReadOnly(admin: Connection, readOnly: boolean): Promise<void> {
  const [rows] = await admin.query<RowDataPacket[]>("SHOW GLOBAL VARIABLES LIKE 'super_read_only'");
  const variable = rows.length > 0 && readOnly ? 'super_read_only' : 'read_only';
  await admin.query(`SET GLOBAL ${variable} = ${readOnly ? 1 : 0}`);
}

async function countOf(admin: Connection, id: string): Promise<number> {
  const [rows] = await admin.query<RowDataPacket[]>(
    'SELECT total_requests AS total FROM latchkey.api_key_metrics WHERE key_id = UNHEX(?)',
    [id.replace('api_key_', '').replaceAll('-', '')],
  );
  return Number(rows[0]?.total ?? 0);
}
