import type { Connection } from 'mysql2';
import { Agent } from 'node:http';
import { assignPepperVersions } from '../../src/secrets/pepper-versions.js';
import { newId, idToBytes, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { CONFIG, type Config } from '../../src/config/config.js';
import { prepareSession } from '../../src/database/session.js';
import { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/migrator.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { PepperKeyring } from '../../src/secrets/pepper-keyring.js';
import { UsageStore } from '../../src/usage/usage-store.js';
import { type Answer, type KeyOnWire, KEYS, KeysClient } from '../support/api-client.js';
import { envelope, exchange, type Outcome } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { TestProcess } from '../support/test-process.js';
import { createSchema } from '../support/schema.js';
import { measureInTurns, tableOf, writeTable, type Call } from './latency.js';
import { measureWork } from './measured-work.js';
import { fillMillion, keyNumbered, MILLION, type MillionKeys } from './million-keys.js';

const FILLED_WITHIN_MS = 300_000;
const WALKED_WITHIN_MS = 240_000;

/** What any act that names its keys may read; the most that it does read is about twenty. */
const A_HANDFUL = 40;
/** What a page with a status may look at, whatever there is: see ApiKeysPageQuery. */
const STRETCHES = 20_000;
const FEW = 5_000;

const NEWER_THAN_ALL = 'api_key_ffffffff-ffff-7fff-bfff-ffffffffffff';

let app: TestApp;
let keys: MillionKeys;
/** A key that may do everything, of each organization that is looked at. */
let roots: Record<'many' | 'worn' | 'small', CreatedApiKeyResponse>;

beforeAll(async () => {
  app = await TestApp.start({ env: { BCRYPT_RECOVERY: 'on' } });
  // The statements are measured on a connection of the test's own.
  await prepareSession((app.schema.connection as unknown as { readonly connection: Connection }).connection);
  // It idles while the keys are read over HTTP.
  await app.schema.connection.query('SET SESSION wait_timeout = 28800');
  const begun = performance.now();
  keys = await fillMillion(app.schema.connection);
  const seconds = Math.round((performance.now() - begun) / 1_000);
  process.stdout.write(`${MILLION.toLocaleString('en')} keys were made in ${seconds} s\n`);
  const rootOf = (organizationId: OrganizationId) => app.createKey(organizationId, { label: 'Root' });
  roots = { many: await rootOf(keys.many), worn: await rootOf(keys.worn), small: await rootOf(keys.small) };
}, FILLED_WITHIN_MS);

afterAll(async () => {
  await endProcesses();
  await app.close();
}, 60_000);

const clientOf = (organization: keyof typeof roots) => new KeysClient(app, roots[organization].secret);

async function answered<T extends { readonly status: number; readonly body: unknown }>(answer: Promise<T>): Promise<T> {
  const { status, body } = await answer;
  expect({ status, body }).toMatchObject({ status: 200 });
  return answer;
}

describe('with a million keys, every statement finds its rows through an index', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a key is read, its caller verified', () => answered(clientOf('many').get(keyNumbered(750_000)))],
    ['a key is read that is not there', () => clientOf('many').get(newId('api_key_'))],
    ["another organization's key is asked for", () => clientOf('small').get(keyNumbered(750_000))],
    ['a key is created', () => answered(clientOf('many').create({ label: 'One more' }))],
    [
      'a key is changed',
      () => answered(clientOf('many').update(keyNumbered(750_001), { label: 'x', scopes: ['invoices.read'] })),
    ],
    ['a key is deleted', () => answered(clientOf('many').delete(keyNumbered(750_002)))],
    ['an operator creates a key', () => app.createKey(keys.many)],
    [
      'a secret is given a new digest',
      async () => {
        const { id, secret } = await app.createKey(keys.small);
        await app.schema.connection.query('UPDATE api_key_secrets SET digest = NULL WHERE key_id = ?', [
          idToBytes('api_key_', id),
        ]);
        await answered(new KeysClient(app, secret).list('?limit=1'));
      },
    ],
    [
      'usage is counted',
      async () => {
        const store = app.app.get(UsageStore);
        await store.write(1, [
          { keyId: keyNumbered(1), requests: 1, lastUsedAtSeconds: Math.floor(Date.now() / 1_000) },
        ]);
        await store.isWritten(1);
        await store.close();
      },
    ],
    [
      'an organization is made, stopped and started',
      async () => {
        const organizations = app.app.get(OrganizationsService);
        const { id } = await organizations.create('One more');
        await organizations.deactivate(id);
        await organizations.reactivate(id);
      },
    ],
    [
      'the process starts',
      () => assignPepperVersions(app.app.get(Database), app.app.get(PepperKeyring), app.app.get<Config>(CONFIG)),
    ],
  ])('when %s', async (_, act) => {
    const { reads, sorted, scans } = await measureWork(app, act);
    expect(scans).toEqual([]);
    expect(sorted).toBeLessThan(A_HANDFUL);
    expect(reads).toBeLessThan(A_HANDFUL);
  });

  // An operator's list, the first page of a list, and the schema queries of the ORM before a
  // migration.
  it('but where all of a small table is asked for', async () => {
    const { scans } = await measureWork(app, async () => {
      await app.app.get(OrganizationsService).list();
      await app.app.get(OrganizationsService).createFirst('Too late');
      await app.app.get(Migrator).isPending();
    });
    expect(scans.filter((scan) => !/^(Organization|migrations) |INFORMATION_SCHEMA/.test(scan))).toEqual([]);
  });
});

describe('with a million keys, a page costs what its keys cost, wherever it is', () => {
  const AFTER: readonly (readonly [string, string])[] = [
    ['from the newest on', ''],
    ['from a cursor newer than all', `&after=${NEWER_THAN_ALL}`],
    ['from the middle', `&after=${keyNumbered(600_000)}`],
    ['at the oldest keys', `&after=${keyNumbered(500_050)}`],
    ['before the oldest', `&after=${keyNumbered(0)}`],
  ];
  const CREATORS: readonly (readonly [string, () => string])[] = [
    ['', () => ''],
    [' that a key created with 200,000 children', () => `&created_by=${keys.prolific}`],
    [' that a key created with none', () => `&created_by=${keyNumbered(500_001)}`],
  ];

  describe.each(['many', 'worn', 'small'] as const)('in the organization with %s keys', (organization) => {
    describe.each(organization === 'many' ? CREATORS : CREATORS.slice(0, 1))('of all%s', (_, creator) => {
      it.each(AFTER)('%s', async (__, after) => {
        const { reads, sorted, scans } = await measureWork(app, () =>
          answered(clientOf(organization).list(`?limit=1000${after}${creator()}`)),
        );
        expect(scans).toEqual([]);
        expect(sorted).toBe(0);
        expect(reads).toBeLessThan(6 * 1_000 + A_HANDFUL);
      });

      describe.each(['active', 'disabled', 'expired'])('that are %s', (status) => {
        it.each(AFTER)('%s', async (__, after) => {
          const { reads, sorted, scans } = await measureWork(app, () =>
            answered(clientOf(organization).list(`?limit=100&status=${status}${after}${creator()}`)),
          );
          expect(scans).toEqual([]);
          expect(sorted).toBeLessThanOrEqual(FEW);
          expect(reads).toBeLessThan(2 * STRETCHES + 2 * FEW + 6 * 100 + A_HANDFUL);
        });
      });
    });
  });
});

describe('with a million keys, the pages of one status', () => {
  async function readAll(organization: keyof typeof roots, query: string): Promise<string[][]> {
    const pages: string[][] = [];
    for (let next: string | undefined = query; next !== undefined;) {
      const { body, headers }: Answer<KeyOnWire[]> = await answered(clientOf(organization).list(next));
      pages.push(body.data.map(({ id }) => id));
      next = /<[^?]*(\?[^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    return pages;
  }

  it('find a few among 500,000 at once', async () => {
    expect(await readAll('many', '?status=expired')).toEqual([keys.expired.toReversed()]);
    expect(await readAll('many', '?status=disabled')).toEqual([[]]);
  });

  it.each([
    ['expired', 300_000, 80_000],
    ['disabled', 380_000, 40_000],
    ['active', 460_000, 40_000],
  ])(
    'that are %s show each key once, newest first, and few are short',
    async (status, from, count) => {
      const pages = await readAll('worn', `?status=${status}&limit=1000`);
      const filled = Array.from({ length: count }, (_, n) => keyNumbered(from + count - 1 - n));
      expect(pages.flat().filter((id) => id !== roots.worn.id)).toEqual(filled);
      expect(pages.length).toBeLessThan(count / 1_000 + 160_000 / STRETCHES);
    },
    60_000,
  );

  it('keep to the key that created them', async () => {
    const expired = await readAll('many', `?status=expired&created_by=${keys.prolific}`);
    expect(expired.flat()).toEqual(keys.expired.slice(1).toReversed());
  });
});

describe('with a million keys, served by a process of its own', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  let url: string;
  beforeAll(async () => {
    url = await new TestProcess({ database: app.schema.url, env: { LOG_LEVEL: 'info' } }).ready();
  });
  afterAll(() => {
    agent.destroy();
  });

  const call = (base: string, secret: string, method: string, path: string, body?: unknown): Promise<Outcome> =>
    exchange(agent, method, `${base}${KEYS}${path}`, { secret, body });

  it(
    'each of 500,000 keys is on one page of a thousand, while others are created and deleted',
    async () => {
      const { secret } = roots.many;
      const deleted = new Set<string>();
      const over = new AbortController();
      const deleting = (async () => {
        for (let n = 1; !over.signal.aborted; n++) {
          // All over the organization, but for the newest thousand; none twice.
          const id = keyNumbered(500_000 + (((n * 997) % 499_000) | 1));
          expect((await call(url, secret, 'DELETE', `/${id}`)).status).toBe(200);
          deleted.add(id);
        }
      })();
      let created = 0;
      const creating = (async () => {
        for (; !over.signal.aborted; created++) {
          expect((await call(url, secret, 'POST', '', { label: 'Meanwhile' })).status).toBe(200);
        }
      })();

      const seen: string[] = [];
      for (let after: string | undefined = ''; after !== undefined;) {
        const page = await call(url, secret, 'GET', `?limit=1000${after}`);
        expect(page.status).toBe(200);
        seen.push(...envelope<KeyOnWire[]>(page).data.map(({ id }) => id));
        after = /(&after=[\w-]+)>; rel="next"/.exec(String(page.headers.link ?? ''))?.[1];
      }
      over.abort();
      await Promise.all([deleting, creating]);

      expect(seen.findIndex((id, place) => place > 0 && id >= (seen[place - 1] ?? ''))).toBe(-1);
      const all = new Set(seen);
      const missed = Array.from({ length: 500_000 }, (_, n) => keyNumbered(500_000 + n)).filter((id) => !all.has(id));
      expect(missed.filter((id) => !deleted.has(id) && id !== keyNumbered(750_002))).toEqual([]);
      expect(deleted.size).toBeGreaterThan(20);
      expect(created).toBeGreaterThan(20);
    },
    WALKED_WITHIN_MS,
  );

  it(
    'first page, last page, get, create and delete: how long they take, next to a thousand keys',
    async () => {
      const thousand = await copyNewest(1_000);
      const create = (base: string): Call => {
        return () => call(base, roots.many.secret, 'POST', '', { label: 'Measured' });
      };
      const get = (base: string, path: (n: number) => string): Call => {
        return (n) => call(base, roots.many.secret, 'GET', path(n));
      };
      const remove = (base: string, from: number): Call => {
        return (n) => call(base, roots.many.secret, 'DELETE', `/${keyNumbered(from + n)}`);
      };
      const both = (of: (base: string, oldest: number) => Call) => ({
        '1,000 keys': of(thousand.url, MILLION - 1_000),
        '1,000,000 keys': of(url, 500_000),
      });
      const spread = (n: number) => (n * 7_919) % 700;
      const latencies = await measureInTurns({
        'first page of 100': { calls: 300, sizes: both((base) => get(base, () => '?limit=100')) },
        'last page of 100': {
          calls: 300,
          sizes: both((base, oldest) => get(base, () => `?limit=100&after=${keyNumbered(oldest + 100)}`)),
        },
        get: {
          calls: 300,
          sizes: both((base, oldest) =>
            get(base, (n) => `/${keyNumbered(oldest + 200 + spread(n) * (oldest === 500_000 ? 500 : 1))}`),
          ),
        },
        create: { calls: 200, sizes: both((base) => create(base)) },
        delete: { calls: 200, sizes: both((base) => remove(base, MILLION - 250)) },
      });
      const table = tableOf(latencies);
      process.stdout.write(`\n${table}\n\n`);
      if (process.env.WRITE_SCALE_TABLE === '1') {
        writeTable(table);
      }
      await thousand.close();
    },
    WALKED_WITHIN_MS,
  );

  /** The product on a schema that has the newest keys alone, and the root that may manage them. */
  async function copyNewest(count: number): Promise<{ readonly url: string; close(): Promise<void> }> {
    const schema = await createSchema();
    const connection = app.schema.connection;
    const newest = `id >= ${hex(keyNumbered(MILLION - count))} AND id <= ${hex(keyNumbered(MILLION - 1))}`;
    const root = `= ${hex(roots.many.id)}`;
    const copies: [table: string, which: string][] = [
      ['organizations', 'TRUE'],
      ['settings', "name LIKE 'pepper.%'"],
      ['migrations', 'TRUE'],
      ['api_key_metrics', 'FALSE'],
      ['key_changes', 'FALSE'],
      ['api_keys', `${newest} OR id ${root}`],
      ['api_key_secrets', `key_id ${root} OR key_id IN (SELECT id FROM ${app.schema.name}.api_keys WHERE ${newest})`],
    ];
    for (const [table, which] of copies) {
      const [to, from] = [`${schema.name}.${table}`, `${app.schema.name}.${table}`];
      await connection.query(`CREATE TABLE ${to} LIKE ${from}`);
      await connection.query(`INSERT INTO ${to} SELECT * FROM ${from} WHERE ${which}`);
    }
    const product = new TestProcess({ database: schema.url, env: { LOG_LEVEL: 'info' } });
    return {
      url: await product.ready(),
      close: async () => {
        await product.stop();
        await schema.drop();
      },
    };
  }
});

const hex = (id: ApiKeyId) => `X'${idToBytes('api_key_', id).toString('hex')}'`;
