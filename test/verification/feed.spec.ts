import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { bytesOf, seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { envelope, exchange } from '../support/load-client.js';
import { BOUND_MS, report } from '../support/reports.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { connectionOptions, testServerUrl } from '../support/schema.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import type { StatementAction } from '../support/mysql-proxy-rules.js';
import { countAnswers, setRule, type Purpose } from './statement-purposes.js';

const NARROW = { label: 'Narrowed', ip_allow_list: ['192.0.2.1'] };

describe('an instance whose change feed', () => {
  let seeded: SeededDatabase;
  let proxy: MysqlProxy;
  let answered: Readonly<Record<Purpose, number>>;
  let a: TestProcess;
  let b: TestProcess;

  beforeAll(async () => {
    seeded = await seedDatabase();
    proxy = await MysqlProxy.open();
    answered = countAnswers(proxy);
    a = await TestProcess.start({ database: seeded.schema.url, keepAlive: true });
    b = await TestProcess.start({ database: proxy.url(seeded.schema.name), keepAlive: true });
  }, 60_000);
  afterAll(async () => {
    await seeded.end();
    await proxy.close();
  });
  afterEach(async () => {
    proxy.rule = () => 'passes';
    await untilPolled();
  }, 20_000);

  /** Waits until B has read the feed, from beginning to end. */
  async function untilPolled(): Promise<void> {
    const before = answered.poll;
    await eventually('B reads the feed', () => answered.poll >= before + 2);
  }

  async function warmKeys(count: number): Promise<MadeKey[]> {
    const keys = await seeded.createKeys(count);
    await Promise.all(keys.map((key) => b.untilCurrent(key, 200)));
    return keys;
  }

  async function one(): Promise<MadeKey> {
    const [key] = await seeded.createKeys(1);
    if (key === undefined) {
      throw new Error('no key');
    }
    return key;
  }

  /** Breaks the feed alone, and waits until it has been broken for longer than the bound. */
  async function breakFeed(fault: () => StatementAction): Promise<void> {
    setRule(proxy, (purpose) => (purpose === 'poll' ? fault() : 'passes'));
    await sleep(BOUND_MS + 100);
  }

  describe.each<[string, () => StatementAction]>([
    ['fails', () => 'lost before'],
    ['falls silent', () => 'swallowed'],
    ['is too slow', () => ({ answerAfter: sleep(450) })],
  ])('%s, and nothing else,', (_, fault) => {
    it('reads through: what changes elsewhere still holds within the bound', async () => {
      const keys = await warmKeys(8);
      await breakFeed(fault);
      const lags = await Promise.all(
        keys.map(async (key) => {
          let lastAcceptedMs = -Infinity;
          let isRefused = false;
          const asking = (async () => {
            while (!isRefused) {
              const { status, beganMs } = await b.current(key);
              expect([200, 401, 503]).toContain(status);
              lastAcceptedMs = status === 200 ? beganMs : lastAcceptedMs;
              isRefused = status === 401;
              await sleep(10);
            }
          })();
          await a.must('DELETE', `${KEYS}/${key.id}`, seeded.root);
          const acknowledgedMs = performance.now();
          await asking;
          return Math.max(0, lastAcceptedMs - acknowledgedMs);
        }),
      );
      report('last acceptance without the feed', lags);
      expect(Math.max(...lags)).toBeLessThanOrEqual(BOUND_MS);
    }, 30_000);

    it('does not use what it had cached, and trusts what it reads no longer than the bound', async () => {
      const key = await one();
      await b.expectCurrent(key, 200);
      await breakFeed(fault);
      const fills = () => answered.fill;
      const before = fills();
      const endMs = performance.now() + 2.5 * BOUND_MS;
      while (performance.now() < endMs) {
        await b.current(key);
      }
      // Two or three for two bounds and a half, where every call would be hundreds.
      expect(fills() - before).toBeGreaterThanOrEqual(2);
      expect(fills() - before).toBeLessThanOrEqual(6);
    }, 20_000);
  });

  it('fails has eight reads under way and no more, one for a key however many requests wait, and the rest is 503', async () => {
    const [shared, ...others] = await warmKeys(20);
    if (shared === undefined) {
      throw new Error('no key');
    }
    await breakFeed(() => 'lost before');
    const gate = sleep(500);
    setRule(proxy, (purpose) =>
      purpose === 'poll' ? 'lost before' : purpose === 'fill' ? { answerAfter: gate } : 'passes',
    );
    const asked = [...Array.from({ length: 10 }, () => b.current(shared))];
    await sleep(50);
    asked.push(...others.map((key) => b.current(key)));
    const outcomes = await Promise.all(asked);
    const accepted = outcomes.filter(({ status }) => status === 200);
    expect(outcomes.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    // Ten reads of the one key and seven others.
    expect(accepted.length).toBeLessThanOrEqual(17);
    expect(accepted.length).toBeGreaterThanOrEqual(10);
    for (const { headers } of outcomes.filter(({ status }) => status === 503)) {
      expect(headers['retry-after']).toBe('1');
    }
  }, 20_000);

  it('fails answers a batch of fifty keys that it does not know, a few reads at a time', async () => {
    const keys = await seeded.createKeys(50);
    await breakFeed(() => 'lost before');
    const outcome = await exchange(new Agent(), 'POST', `${b.internalUrl}/verify/batch`, {
      body: {
        requests: keys.map(({ secret }) => ({ secret })),
      },
    });
    const codes = envelope<{ readonly code: string }[]>(outcome).data.map(({ code }) => code);
    expect([outcome.status, ...new Set(codes)]).toEqual([200, 'VALID']);
    expect(codes).toHaveLength(50);
  }, 20_000);

  it('is behind still refuses what a dead key wants to change: a new key is no stronger than its maker', async () => {
    const keys = await warmKeys(10);
    setRule(proxy, (purpose) => (purpose === 'poll' ? 'swallowed' : 'passes'));
    const outcomes = await Promise.all(
      keys.map(async (key) => {
        await a.must('DELETE', `${KEYS}/${key.id}`, seeded.root);
        return b.send('POST', KEYS, key, { label: 'Child of the dead' });
      }),
    );
    expect(outcomes.filter(({ status }) => status !== 401 && status !== 503)).toEqual([]);
    const [children] = await seeded.schema.connection.query("SELECT 1 FROM api_keys WHERE label = 'Child of the dead'");
    expect(children).toEqual([]);
  }, 20_000);

  describe('reads an entry while a fill is delayed', () => {
    it.each<[string, (key: MadeKey) => Promise<unknown>, number]>([
      ['of its death', (key) => a.must('DELETE', `${KEYS}/${key.id}`, seeded.root), 401],
      ['of its narrowing', (key) => a.must('PUT', `${KEYS}/${key.id}`, seeded.root, NARROW), 403],
    ])(
      '%s does not let the key come back as it was',
      async (_, change, refusal) => {
        const statuses: (number | null)[] = [];
        for (let i = 0; i < 5; i++) {
          const key = await one();
          let release: () => void = () => undefined;
          const gate = new Promise<void>((resolve) => (release = resolve));
          let isHeld = false;
          setRule(proxy, (purpose) => {
            if (purpose !== 'fill' || isHeld) {
              return 'passes';
            }
            isHeld = true;
            return { answerAfter: gate };
          });
          const slow = b.current(key);
          await eventually('the fill is on its way', () => isHeld);
          // The server has answered it by now, if not the product.
          await sleep(50);
          await change(key);
          await untilPolled();
          release();
          statuses.push((await slow).status);
          expect((await b.current(key)).status).toBe(refusal);
        }
        // 503: on a busy machine the fill was held for longer than it may take.
        expect(statuses.filter((status) => status !== refusal && status !== 503)).toEqual([]);
      },
      30_000,
    );
  });

  describe('meets entries', () => {
    let direct: Connection;
    beforeEach(async () => {
      direct = await createConnection({ ...connectionOptions(testServerUrl()), database: seeded.schema.name });
    });
    afterEach(() => direct.end());

    const INSERT_ENTRY = `INSERT INTO key_changes (organization_id, key_id, created_at)
      SELECT organization_id, id, UTC_TIMESTAMP(3) FROM api_keys WHERE id = ?`;
    const DISABLE = 'UPDATE api_keys SET disabled_at = UTC_TIMESTAMP() WHERE id = ?';

    it('that commit after younger ones: misses none', async () => {
      const [first, second] = await warmKeys(2);
      if (first === undefined || second === undefined) {
        throw new Error('no keys');
      }
      await direct.beginTransaction();
      await direct.query(DISABLE, [bytesOf(first)]);
      await direct.query(INSERT_ENTRY, [bytesOf(first)]);
      await a.must('DELETE', `${KEYS}/${second.id}`, seeded.root);
      await b.untilCurrent(second, 401, 3_000);
      // As long as a transaction may take.
      await sleep(4_000);
      await b.expectCurrent(first, 200);
      await direct.commit();
      await sleep(BOUND_MS);
      await b.expectCurrent(first, 401);
    }, 20_000);

    it('that bear an old time, by a server whose clock is behind or a commit that hung: misses none', async () => {
      const [key] = await warmKeys(1);
      if (key === undefined) {
        throw new Error('no key');
      }
      await direct.query(DISABLE, [bytesOf(key)]);
      await direct.query(
        `INSERT INTO key_changes (organization_id, key_id, created_at)
         SELECT organization_id, id, UTC_TIMESTAMP(3) - INTERVAL 5 MINUTE FROM api_keys WHERE id = ?`,
        [bytesOf(key)],
      );
      await b.untilCurrent(key, 401, BOUND_MS);
    }, 20_000);

    it('with gaps between their ids, filled later or never: misses none', async () => {
      const [low, high] = await warmKeys(2);
      if (low === undefined || high === undefined) {
        throw new Error('no keys');
      }
      const [rows] = await direct.query('SELECT MAX(id) AS newest FROM key_changes');
      const newest = (rows as { newest: number | null }[])[0]?.newest ?? 0;
      const insertEntryAs = async (id: number, key: MadeKey) => {
        await direct.beginTransaction();
        await direct.query(DISABLE, [bytesOf(key)]);
        await direct.query(
          `INSERT INTO key_changes (id, organization_id, key_id, created_at)
           SELECT ?, organization_id, id, UTC_TIMESTAMP(3) FROM api_keys WHERE id = ?`,
          [id, bytesOf(key)],
        );
        await direct.commit();
      };
      await insertEntryAs(newest + 1_000, high);
      await b.untilCurrent(high, 401, 3_000);
      await insertEntryAs(newest + 500, low);
      await sleep(BOUND_MS);
      await b.expectCurrent(low, 401);
    }, 20_000);

    it('of which those it has not seen were pruned: starts over', async () => {
      const keys = await warmKeys(3);
      setRule(proxy, (purpose) => (purpose === 'poll' ? 'lost before' : 'passes'));
      await Promise.all(keys.map((key) => a.must('DELETE', `${KEYS}/${key.id}`, seeded.root)));
      await a.must('POST', KEYS, seeded.root, { label: 'One entry more' });
      await direct.query(
        'DELETE FROM key_changes WHERE id < (SELECT id FROM (SELECT MAX(id) AS id FROM key_changes) newest)',
      );
      proxy.rule = () => 'passes';
      await untilPolled();
      await Promise.all(keys.map((key) => b.expectCurrent(key, 401)));
      expect(b.stdout).toContain('the cache is emptied');
    }, 20_000);
  });

  it('meets a database that was put back to an earlier state: starts over', async () => {
    const { connection } = seeded.schema;
    const tables = ['organizations', 'api_keys', 'api_key_secrets', 'key_changes'];
    const [narrow] = await warmKeys(1);
    if (narrow === undefined) {
      throw new Error('no key');
    }
    await a.must('PUT', `${KEYS}/${narrow.id}`, seeded.root, NARROW);
    for (const table of tables) {
      await connection.query(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
    }
    const young = await a.must<MadeKey>('POST', KEYS, seeded.root, { label: 'Young' });
    await a.must('PUT', `${KEYS}/${narrow.id}`, seeded.root, { label: 'Wide', ip_allow_list: [] });
    await b.untilCurrent(young, 200);
    await b.untilCurrent(narrow, 200);
    await untilPolled();
    await connection.beginTransaction();
    for (const table of tables) {
      await connection.query(`DELETE FROM ${table}`);
      await connection.query(`INSERT INTO ${table} SELECT * FROM kept_${table}`);
    }
    await connection.commit();
    await sleep(BOUND_MS);
    await b.expectCurrent(young, 401);
    await b.expectCurrent(narrow, 403);
  }, 20_000);
});
