import { setTimeout as sleep } from 'node:timers/promises';
import type { OrganizationId } from '../../src/common/prefixed-id.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { CURRENT, KEYS, type MadeKey } from '../support/api-client.js';
import { bytesOf, seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { BOUND_MS, report } from '../support/reports.js';
import { TestApp } from '../support/test-app.js';
import { TestProcess } from '../support/test-process.js';
import { changeInDatabase } from '../support/database-changes.js';
import { expectObeyed, type EffectiveTime } from './last-acceptance.js';

const RUNS = 40;

describe('a change on one instance', () => {
  let seeded: SeededDatabase;
  let a: TestProcess;
  let b: TestProcess;

  beforeAll(async () => {
    seeded = await seedDatabase();
    a = await TestProcess.start({ database: seeded.schema.url, keepAlive: true });
    b = await TestProcess.start({ database: seeded.schema.url, keepAlive: true });
  }, 60_000);
  afterAll(() => seeded.end());

  const measure = (
    what: string,
    keys: readonly MadeKey[],
    path: string,
    change: (key: MadeKey) => Promise<EffectiveTime>,
  ) => expectObeyed(b, { what, keys, path, change });

  const update = async (key: MadeKey, fields: object) => {
    await a.must('PUT', `${KEYS}/${key.id}`, seeded.root, { label: 'Changed', ...fields });
  };

  it('that deletes a key is obeyed by the other within the bound', async () => {
    await measure('delete', await seeded.createKeys(RUNS), CURRENT, async ({ id }) => {
      await a.must('DELETE', `${KEYS}/${id}`, seeded.root);
    });
  }, 60_000);

  it('that narrows the scopes is obeyed by the other within the bound', async () => {
    await measure('narrow scopes', await seeded.createKeys(RUNS), `${KEYS}?limit=1`, (key) =>
      update(key, { scopes: ['invoices.read'] }),
    );
  }, 60_000);

  it('that narrows the addresses is obeyed by the other within the bound', async () => {
    await measure('narrow addresses', await seeded.createKeys(RUNS), CURRENT, (key) =>
      update(key, { ip_allow_list: ['192.0.2.1'] }),
    );
  }, 60_000);

  it('that shortens the expiry is obeyed by the other within the bound, or when it comes if that is later', async () => {
    await measure('shorten expiry', await seeded.createKeys(RUNS), CURRENT, async (key) => {
      const expiresAt = await seeded.timeIn(2);
      await update(key, { expires_at: expiresAt });
      return { effectiveMs: Date.parse(`${expiresAt.replace(' ', 'T')}Z`) - performance.timeOrigin };
    });
  }, 60_000);

  it('that stops an organization is obeyed by the others within the bound', async () => {
    const operator = await TestApp.start({ database: seeded.schema.url });
    try {
      const organizations = new Map<MadeKey, OrganizationId>();
      for (let i = 0; i < RUNS; i++) {
        const organizationId = await seeded.createOrganization();
        for (const key of await seeded.createKeys(1, organizationId)) {
          organizations.set(key, organizationId);
        }
      }
      await measure('deactivate the organization', [...organizations.keys()], CURRENT, async (key) => {
        await operator.app.get(OrganizationsService).deactivate(organizations.get(key) ?? seeded.organizationId);
      });
    } finally {
      await operator.close();
    }
  }, 60_000);

  it('that an operator makes in SQL, column and change-log entry in one transaction, holds on both within the bound', async () => {
    await measure('disable by the column', await seeded.createKeys(RUNS), CURRENT, async (key) => {
      await a.expectCurrent(key, 200);
      const sql = 'UPDATE api_keys SET disabled_at = UTC_TIMESTAMP() WHERE id = ?';
      await changeInDatabase(seeded.schema.name, key.id, [sql, bytesOf(key)]);
    });
  }, 60_000);

  it('holds on that instance at once', async () => {
    const [deleted, narrowed] = await seeded.createKeys(2);
    if (deleted === undefined || narrowed === undefined) {
      throw new Error('no keys');
    }
    await a.expectCurrent(deleted, 200);
    await a.expectCurrent(narrowed, 200);
    await a.must('DELETE', `${KEYS}/${deleted.id}`, seeded.root);
    await update(narrowed, { ip_allow_list: ['192.0.2.1'] });
    await a.expectCurrent(deleted, 401);
    await a.expectCurrent(narrowed, 403);
  });

  it('finds the other idle: its first call for a long time is refused', async () => {
    const keys = await seeded.createKeys(10);
    await Promise.all(keys.map((key) => b.expectCurrent(key, 200)));
    // No request reaches B. LATCHKEY_IDLE_MS=60000 waits the whole minute.
    await sleep(Number(process.env.LATCHKEY_IDLE_MS ?? 3_000));
    await Promise.all(keys.map(({ id }) => a.must('DELETE', `${KEYS}/${id}`, seeded.root)));
    await sleep(BOUND_MS);
    await Promise.all(keys.map((key) => b.expectCurrent(key, 401)));
  }, 90_000);

  it('that creates a key is known to the other at once', async () => {
    const created = Number(process.env.LATCHKEY_CREATED ?? 200);
    const tookMs: number[] = [];
    const worker = async () => {
      while (tookMs.length < created) {
        const key = await a.must<MadeKey>('POST', KEYS, seeded.root, { label: 'New' });
        const outcome = await b.current(key);
        expect([outcome.status, outcome.error]).toEqual([200, null]);
        tookMs.push(outcome.ms);
      }
    };
    await Promise.all(Array.from({ length: 6 }, worker));
    report('first use of a new key on the other instance', tookMs);
  }, 180_000);
});
