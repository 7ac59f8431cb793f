import type { ApiKeyId } from '../../src/common/prefixed-id.js';
import { UnavailableError } from '../../src/common/unavailable-error.js';
import type { Database } from '../../src/database/database.js';
import { UsageStore } from '../../src/usage/usage-store.js';
import { seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { eventually } from '../support/eventually.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema } from '../support/schema.js';
import type { Operation } from './changes-under-test.js';
import { loseClients, startInstances, type Instances, type Loss } from './lost-changes.js';

const REVOKED_WITHIN_MS = 15_000;
const CHANGES = ['create', 'update', 'delete', 'deactivate'] as const;

describe('an instance whose host loses power', () => {
  let seeded: SeededDatabase;
  const losses = new Map<Operation, Loss[]>();

  // All at once: each loss takes seconds.
  beforeAll(async () => {
    seeded = await seedDatabase();
    const started: [Operation, Instances][] = [];
    for (const operation of CHANGES) {
      started.push([operation, await startInstances(seeded)]);
    }
    await Promise.all(
      started.map(async ([operation, instances]) => {
        losses.set(operation, await loseClients(seeded, instances, operation));
      }),
    );
  }, 120_000);

  afterAll(() => seeded.end());

  it.each(CHANGES)('between any two statements of a %s: another revokes its keys within 15 s', (operation) => {
    const found = losses.get(operation) ?? [];
    tell(operation, found);
    expect(found.filter(({ isHalfSent }) => !isHalfSent).at(-1)?.before).toBe('COMMIT');
    expect(found.filter(({ revokedAfterMs }) => revokedAfterMs > REVOKED_WITHIN_MS)).toEqual([]);
  });

  it.each<[string, (database: Database, keyId: ApiKeyId) => Promise<unknown>]>([
    [
      'flushes counts of requests',
      (database, keyId) =>
        new UsageStore(database).write(1, [{ keyId, requests: 1, lastUsedAtSeconds: 1_790_000_000 }]),
    ],
    [
      'assigns versions to peppers',
      (database) => database.transaction((transaction) => transaction.serialize('peppers')),
    ],
  ])(
    'while it %s: another does so within 15 s',
    async (what, act) => {
      const proxy = await MysqlProxy.open();
      const [losing, other] = await Promise.all([
        openDatabase(proxy.url(seeded.schema.name)),
        openDatabase(seeded.schema.url),
      ]);
      try {
        const [key] = await seeded.createKeys(1);
        const keyId = `api_key_${key?.id.slice('api_key_'.length) ?? ''}` as const;
        proxy.rule = (statements) => (statements.at(-1) === 'COMMIT' ? 'lost' : 'passes');
        await expect(act(losing, keyId)).rejects.toBeInstanceOf(UnavailableError);
        const lostMs = performance.now();
        await eventually(
          'the other is done',
          () =>
            act(other, keyId).then(
              () => true,
              () => false,
            ),
          REVOKED_WITHIN_MS,
        );
        process.stderr.write(
          `measured: another ${what} after ${((performance.now() - lostMs) / 1_000).toFixed(1)} s\n`,
        );
      } finally {
        await Promise.all([losing.close(), other.close()]);
        await proxy.close();
      }
    },
    30_000,
  );

  it('while it migrates: another migrates within 15 s', async () => {
    const schema = await createSchema();
    const proxy = await MysqlProxy.open();
    try {
      const isLost = new Promise<void>((resolve) => {
        proxy.rule = ([sql]) => {
          if (sql?.startsWith('SET SESSION lock_wait_timeout') !== true) {
            return 'passes';
          }
          resolve();
          return 'lost';
        };
      });
      const lost = new TestProcess({ program: 'cli', database: proxy.url(schema.name), args: ['migrate'] });
      await isLost;
      const lostMs = performance.now();
      lost.signal('SIGKILL');
      expect(await runCli(schema.url, ['migrate'])).toMatchObject({ code: 0 });
      const elapsedMs = performance.now() - lostMs;
      process.stderr.write(`measured: another migrates after ${(elapsedMs / 1_000).toFixed(1)} s\n`);
      expect(elapsedMs).toBeLessThanOrEqual(REVOKED_WITHIN_MS);
    } finally {
      await proxy.close();
      await schema.drop();
    }
  }, 60_000);
});

/** Always printed, because these figures are promised. */
function tell(operation: string, losses: readonly Loss[]): void {
  const each = losses.map(({ before, isHalfSent, revokedAfterMs }) => {
    const statement = before.replace(/\s+/g, ' ').slice(0, 30);
    return `  ${(revokedAfterMs / 1_000).toFixed(1)} s  ${isHalfSent ? 'in the middle of' : 'before'} ${statement}\n`;
  });
  process.stderr.write(
    `measured: a client is lost in ${operation}, another instance has revoked after\n${each.join('')}`,
  );
}
