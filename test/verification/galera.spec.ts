import type { RowDataPacket } from 'mysql2/promise';
import { deletesKey } from '../change-log/changes-under-test.js';
import { KEYS } from '../support/api-client.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { describeOnGalera, startGaleraCluster, type GaleraCluster } from '../support/galera.js';
import { endProducts } from '../support/product.js';
import type { MadeKey } from '../support/service.js';
import { BOUND_MS, bytesOf, CURRENT, Instance, prepareGround, report, type SeededDatabase } from './instances.js';
import { expectObeyed } from './last-acceptance.js';

const RUNS = 40;
const CREATED = 100;

describeOnGalera('two instances on two nodes of a Galera cluster', () => {
  let cluster: GaleraCluster | undefined;
  let ground: SeededDatabase;
  let a: Instance;
  let b: Instance;

  beforeAll(async () => {
    cluster = await startGaleraCluster();
    ground = await prepareGround(cluster.schema);
    a = await Instance.start(cluster.urls[0]);
    b = await Instance.start(cluster.urls[1]);
  }, 90_000);
  afterAll(async () => {
    await endProducts();
    await cluster?.schema.drop();
  });

  it('obey within the bound a delete on the other node', async () => {
    const keys = await ground.createKeys(RUNS);
    const change = async ({ id }: MadeKey) => {
      await a.must('DELETE', `${KEYS}/${id}`, ground.root);
    };
    await expectObeyed(b, { what: 'delete on another node', keys, path: CURRENT, change });
  }, 60_000);

  it('obey within the bound what narrows a key on the other node', async () => {
    const narrow = (fields: object) => async (key: MadeKey) => {
      await a.must('PUT', `${KEYS}/${key.id}`, ground.root, { label: 'Changed', ...fields });
    };
    await expectObeyed(b, {
      what: 'narrow scopes on another node',
      keys: await ground.createKeys(RUNS),
      path: `${KEYS}?limit=1`,
      change: narrow({ scopes: ['invoices.read'] }),
    });
    await expectObeyed(b, {
      what: 'narrow addresses on another node',
      keys: await ground.createKeys(RUNS),
      path: CURRENT,
      change: narrow({ ip_allow_list: ['192.0.2.1'] }),
    });
  }, 90_000);

  it('know at once a key that was created on the other node', async () => {
    const tookMs: number[] = [];
    for (let i = 0; i < CREATED; i++) {
      const key = await a.must<MadeKey>('POST', KEYS, ground.root, { label: 'New' });
      const outcome = await b.current(key);
      expect([outcome.status, outcome.error]).toEqual([200, null]);
      tookMs.push(outcome.ms);
    }
    report('first use of a new key on another node', tookMs);
  }, 60_000);

  it('obey within the bound a delete whose COMMIT one node did not acknowledge, once it is known to the other', async () => {
    const [key, caller] = await ground.createKeys(2);
    const proxy = await MysqlProxy.open({ server: new URL(cluster?.urls[0] ?? '') });
    try {
      const cutOff = await Instance.start(proxy.url(ground.schema.name));
      await b.expectCurrent(key ?? ground.root, 200);
      proxy.rule = (statements) =>
        key !== undefined && statements.at(-1) === 'COMMIT' && deletesKey(key, statements) ? 'lost after' : 'passes';
      const { status } = await cutOff.send('DELETE', `${KEYS}/${key?.id ?? ''}`, caller ?? ground.root);
      expect(status).toBe(503);
      await b.untilCurrent(key ?? ground.root, 401, BOUND_MS);
      const entries = () =>
        ground.schema.connection.query<RowDataPacket[]>('SELECT id FROM key_changes WHERE key_id = ?', [
          bytesOf(key ?? ground.root),
        ]);
      await eventually('there is a second entry', async () => (await entries())[0].length === 2);
    } finally {
      await proxy.close();
    }
  }, 60_000);

  it('change one key at the same time without an error: the cluster lets one of two win, and the other tries again', async () => {
    const [key] = await ground.createKeys(1);
    const label = (instance: Instance, text: string) =>
      instance.send('PUT', `${KEYS}/${key?.id ?? ''}`, ground.root, { label: text });
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.all([label(a, `A${round}`), label(b, `B${round}`), label(a, `C${round}`)]);
      expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
  }, 60_000);
});
