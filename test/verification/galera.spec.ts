import type { RowDataPacket } from 'mysql2/promise';
import { CURRENT, KEYS, type MadeKey } from '../support/api-client.js';
import { bytesOf, seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { BOUND_MS, report } from '../support/reports.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { deletesKey } from '../change-log/changes-under-test.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { describeOnGalera, startGaleraCluster, type GaleraCluster } from '../support/galera.js';
import { expectObeyed } from './last-acceptance.js';

const RUNS = 40;
const CREATED = 100;

describeOnGalera('two instances on two nodes of a Galera cluster', () => {
  let cluster: GaleraCluster | undefined;
  let seeded: SeededDatabase;
  let a: TestProcess;
  let b: TestProcess;

  beforeAll(async () => {
    cluster = await startGaleraCluster();
    seeded = await seedDatabase(cluster.schema);
    a = await TestProcess.start({ database: cluster.urls[0], keepAlive: true });
    b = await TestProcess.start({ database: cluster.urls[1], keepAlive: true });
  }, 90_000);
  afterAll(async () => {
    await endProcesses();
    await cluster?.schema.drop();
  });

  it('apply within the bound a delete on the other node', async () => {
    const keys = await seeded.createKeys(RUNS);
    const change = async ({ id }: MadeKey) => {
      await a.must('DELETE', `${KEYS}/${id}`, seeded.root);
    };
    await expectObeyed(b, { what: 'delete on another node', keys, path: CURRENT, change });
  }, 60_000);

  it('apply within the bound what narrows a key on the other node', async () => {
    const narrow = (fields: object) => async (key: MadeKey) => {
      await a.must('PUT', `${KEYS}/${key.id}`, seeded.root, { label: 'Changed', ...fields });
    };
    await expectObeyed(b, {
      what: 'narrow scopes on another node',
      keys: await seeded.createKeys(RUNS),
      path: `${KEYS}?limit=1`,
      change: narrow({ scopes: ['invoices.read'] }),
    });
    await expectObeyed(b, {
      what: 'narrow addresses on another node',
      keys: await seeded.createKeys(RUNS),
      path: CURRENT,
      change: narrow({ ip_allow_list: ['192.0.2.1'] }),
    });
  }, 90_000);

  it('know at once a key that was created on the other node', async () => {
    const tookMs: number[] = [];
    for (let i = 0; i < CREATED; i++) {
      const key = await a.must<MadeKey>('POST', KEYS, seeded.root, { label: 'New' });
      const outcome = await b.current(key);
      expect([outcome.status, outcome.error]).toEqual([200, null]);
      tookMs.push(outcome.ms);
    }
    report('first use of a new key on another node', tookMs);
  }, 60_000);

  it('apply within the bound a delete whose COMMIT one node did not acknowledge, once the other has it', async () => {
    const [key, caller] = await seeded.createKeys(2);
    const proxy = await MysqlProxy.open({ server: new URL(cluster?.urls[0] ?? '') });
    try {
      const cutOff = await TestProcess.start({ database: proxy.url(seeded.schema.name), keepAlive: true });
      await b.expectCurrent(key ?? seeded.root, 200);
      proxy.rule = (statements) =>
        key !== undefined && statements.at(-1) === 'COMMIT' && deletesKey(key, statements) ? 'lost after' : 'passes';
      const { status } = await cutOff.send('DELETE', `${KEYS}/${key?.id ?? ''}`, caller ?? seeded.root);
      expect(status).toBe(503);
      await b.untilCurrent(key ?? seeded.root, 401, BOUND_MS);
      const entries = () =>
        seeded.schema.connection.query<RowDataPacket[]>('SELECT id FROM key_changes WHERE key_id = ?', [
          bytesOf(key ?? seeded.root),
        ]);
      await eventually('there is a second entry', async () => (await entries())[0].length === 2);
    } finally {
      await proxy.close();
    }
  }, 60_000);

  it('change one key at the same time without an error: the cluster lets one of two win, and the other tries again', async () => {
    const [key] = await seeded.createKeys(1);
    const label = (instance: TestProcess, text: string) =>
      instance.send('PUT', `${KEYS}/${key?.id ?? ''}`, seeded.root, { label: text });
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.all([label(a, `A${round}`), label(b, `B${round}`), label(a, `C${round}`)]);
      expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
  }, 60_000);
});
