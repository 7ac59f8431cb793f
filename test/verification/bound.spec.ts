import { setTimeout as sleep } from 'node:timers/promises';
import type { OrganizationId } from '../../src/common/prefixed-id.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { KEYS } from '../support/api-client.js';
import { startAppOn } from '../support/app-on.js';
import { changeByHand } from '../support/by-hand.js';
import type { Outcome } from '../support/http-load.js';
import type { MadeKey } from '../support/service.js';
import { BOUND_MS, bytesOf, CURRENT, Instance, prepareGround, report, type Ground } from './instances.js';

const RUNS = 40;
const AT_ONCE = 20;

describe('a change on one instance', () => {
  let ground: Ground;
  let a: Instance;
  let b: Instance;

  beforeAll(async () => {
    ground = await prepareGround();
    a = await Instance.start(ground.schema.url);
    b = await Instance.start(ground.schema.url);
  }, 60_000);
  afterAll(() => ground.end());

  /**
   * Asks B again and again, makes the change, and goes on until B refuses.
   * @returns how long after the change was acknowledged (or, if that is later, was to take effect) B still began to accept
   */
  async function lastAcceptance(
    key: MadeKey,
    path: string,
    change: (key: MadeKey) => Promise<{ readonly effectiveMs?: number } | undefined>,
  ): Promise<number> {
    expect((await b.send('GET', path, key)).status).toBe(200);
    let lastAcceptedMs = -Infinity;
    const refused = askUntilRefused(key, path, (outcome) => (lastAcceptedMs = outcome.beganMs));
    // At any moment between two polls.
    await sleep(300 * Math.random());
    const { effectiveMs = -Infinity } = (await change(key)) ?? {};
    const acknowledgedMs = performance.now();
    const { status } = await refused;
    expect([401, 403]).toContain(status);
    return Math.max(0, lastAcceptedMs - Math.max(acknowledgedMs, effectiveMs));
  }

  async function askUntilRefused(key: MadeKey, path: string, accepted: (outcome: Outcome) => void): Promise<Outcome> {
    const deadlineMs = performance.now() + 15_000;
    while (performance.now() < deadlineMs) {
      const outcome = await b.send('GET', path, key);
      if (outcome.status === 200) {
        accepted(outcome);
      } else if (outcome.status !== 503) {
        return outcome;
      }
      await sleep(5);
    }
    throw new Error('still accepted');
  }

  async function measure(
    what: string,
    keys: readonly MadeKey[],
    run: (key: MadeKey) => Promise<number>,
  ): Promise<void> {
    const lags: number[] = [];
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      lags.push(...(await Promise.all(keys.slice(from, from + AT_ONCE).map(run))));
    }
    report(`last acceptance after: ${what}`, lags);
    expect(Math.max(...lags)).toBeLessThanOrEqual(BOUND_MS);
  }

  const update = async (key: MadeKey, fields: object) => {
    await a.must('PUT', `${KEYS}/${key.id}`, ground.root, { label: 'Changed', ...fields });
    return undefined;
  };

  it('that deletes a key is obeyed by the other within the bound', async () => {
    await measure('delete', await ground.createKeys(RUNS), (key) =>
      lastAcceptance(key, CURRENT, async ({ id }) => {
        await a.must('DELETE', `${KEYS}/${id}`, ground.root);
        return undefined;
      }),
    );
  }, 60_000);

  it('that narrows the scopes is obeyed by the other within the bound', async () => {
    await measure('narrow scopes', await ground.createKeys(RUNS), (key) =>
      lastAcceptance(key, `${KEYS}?limit=1`, () => update(key, { scopes: ['invoices.read'] })),
    );
  }, 60_000);

  it('that narrows the addresses is obeyed by the other within the bound', async () => {
    await measure('narrow addresses', await ground.createKeys(RUNS), (key) =>
      lastAcceptance(key, CURRENT, () => update(key, { ip_allow_list: ['192.0.2.1'] })),
    );
  }, 60_000);

  it('that shortens the expiry is obeyed by the other within the bound, or when it comes if that is later', async () => {
    await measure('shorten expiry', await ground.createKeys(RUNS), (key) =>
      lastAcceptance(key, CURRENT, async () => {
        const expiresAt = await ground.timeIn(2);
        await update(key, { expires_at: expiresAt });
        return { effectiveMs: Date.parse(`${expiresAt.replace(' ', 'T')}Z`) - performance.timeOrigin };
      }),
    );
  }, 60_000);

  it('that stops an organization is obeyed by the others within the bound', async () => {
    const operator = await startAppOn(ground.schema.url);
    try {
      const organizations = new Map<MadeKey, OrganizationId>();
      for (let i = 0; i < RUNS; i++) {
        const organizationId = await ground.createOrganization();
        for (const key of await ground.createKeys(1, organizationId)) {
          organizations.set(key, organizationId);
        }
      }
      await measure('deactivate the organization', [...organizations.keys()], (key) =>
        lastAcceptance(key, CURRENT, async () => {
          await operator.app.get(OrganizationsService).deactivate(organizations.get(key) ?? ground.organizationId);
          return undefined;
        }),
      );
    } finally {
      await operator.close();
    }
  }, 60_000);

  it('that an operator makes by hand, column and mark in one transaction, is obeyed by both within the bound', async () => {
    await measure('disable by the column', await ground.createKeys(RUNS), (key) =>
      lastAcceptance(key, CURRENT, async () => {
        await a.expectCurrent(key, 200);
        const sql = 'UPDATE api_keys SET disabled_at = UTC_TIMESTAMP() WHERE id = ?';
        await changeByHand(ground.schema.name, key.id, [sql, bytesOf(key)]);
        return undefined;
      }),
    );
  }, 60_000);

  it('holds on that instance at once', async () => {
    const [deleted, narrowed] = await ground.createKeys(2);
    if (deleted === undefined || narrowed === undefined) {
      throw new Error('no keys');
    }
    await a.expectCurrent(deleted, 200);
    await a.expectCurrent(narrowed, 200);
    await a.must('DELETE', `${KEYS}/${deleted.id}`, ground.root);
    await update(narrowed, { ip_allow_list: ['192.0.2.1'] });
    await a.expectCurrent(deleted, 401);
    await a.expectCurrent(narrowed, 403);
  });

  it('finds the other idle: its first call for a long time is refused', async () => {
    const keys = await ground.createKeys(10);
    await Promise.all(keys.map((key) => b.expectCurrent(key, 200)));
    // Nobody asks B for anything; LATCHKEY_IDLE_MS=60000 for the whole minute.
    await sleep(Number(process.env.LATCHKEY_IDLE_MS ?? 3_000));
    await Promise.all(keys.map(({ id }) => a.must('DELETE', `${KEYS}/${id}`, ground.root)));
    await sleep(BOUND_MS);
    await Promise.all(keys.map((key) => b.expectCurrent(key, 401)));
  }, 90_000);

  it('that creates a key is known to the other at once', async () => {
    const created = Number(process.env.LATCHKEY_CREATED ?? 200);
    const tookMs: number[] = [];
    const worker = async () => {
      while (tookMs.length < created) {
        const key = await a.must<MadeKey>('POST', KEYS, ground.root, { label: 'New' });
        const outcome = await b.current(key);
        expect([outcome.status, outcome.error]).toEqual([200, null]);
        tookMs.push(outcome.ms);
      }
    };
    await Promise.all(Array.from({ length: 6 }, worker));
    report('first use of a new key on the other instance', tookMs);
  }, 180_000);
});
