import { newId } from '../../src/common/prefixed-id.js';
import { type Answer, type KeyOnWire, KEYS, send } from '../support/api-client.js';
import { type Fixture, insertKeys, startFixture } from '../support/fixtures.js';
import { greatestFields, insertVerifiableKeys } from '../support/bulk-keys.js';
import { expectFailure, expectSuccess } from '../support/expect-answer.js';
import { recordQueries } from '../support/query-log.js';
import { describeGuards } from './guarded-route.js';

const LISTED = 'API keys listed';
const CHOICES = 'must be one of active, disabled, expired';
const NO_ID = 'must be the id of an API key: api_key_ followed by a UUIDv7 in lower case';
const NO_LIMIT = 'must be an integer from 1 to 1000';

const idsOf = (answer: Answer<KeyOnWire[]>) => expectSuccess(answer, LISTED).map(({ id }) => id);

/** Follows `Link` to the last page. */
async function readPages(
  { app, root }: Fixture,
  query: string,
  afterEach: (page: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let target: string | undefined = `${KEYS}${query}`; target !== undefined;) {
    const answer: Answer<KeyOnWire[]> = await send(app.url, 'GET', target, { secret: root.secret });
    pages.push(idsOf(answer));
    const link = answer.headers.get('link');
    const reference = link === null ? undefined : /^<(\?[^>]*)>; rel="next"$/.exec(link)?.[1];
    target = reference === undefined ? undefined : `${KEYS}${reference}`;
    expect(link === null).toBe(target === undefined);
    await afterEach(pages.length);
  }
  return pages;
}

describe('listing API keys', () => {
  let shared: Fixture;
  beforeAll(async () => {
    shared = await startFixture();
  });
  afterAll(() => shared.app.close());

  /** A new organization in the same product, so that the content of a list is known. */
  async function arrange(): Promise<Fixture> {
    const { app } = shared;
    const organizationId = await app.createOrganization();
    const root = await app.createKey(organizationId, { label: 'Root' });
    return {
      ...shared,
      organizationId,
      root,
      client: shared.clientOf(root),
      createKey: (request) => app.createKey(organizationId, request),
    };
  }

  describeGuards(() => shared, {
    scope: 'api_keys.read',
    call: (client) => client.list(),
    callBadly: (client) => client.list('?limit=nonsense'),
  });

  it('shows every field of each key, newest first, the secrets masked and no metrics', async () => {
    const { root, client, createKey, organizationId } = await arrange();
    const key = await createKey({
      label: 'Newer',
      description: 'd',
      scopes: ['invoices.read'],
      ip_allow_list: ['10.0.0.0/8'],
      expires_at: '2099-12-31 23:59:59',
    });
    const masked = (secret: string) => `${secret.slice(0, 20)}...${secret.slice(-5)}`;
    const answer = await client.list();
    expect(expectSuccess(answer, LISTED)).toStrictEqual([
      {
        id: key.id,
        organization_id: organizationId,
        label: 'Newer',
        description: 'd',
        secret: masked(key.secret),
        scopes: ['invoices.read'],
        ip_allow_list: ['10.0.0.0/8'],
        expires_at: '2099-12-31 23:59:59',
        created_at: key.created_at,
        updated_at: null,
      },
      Object.assign({}, root, { secret: masked(root.secret) }),
    ]);
    expect(answer.headers.get('link')).toBeNull();
  });

  it("shows the organization's keys only, and no deleted one", async () => {
    const { root, client, createKey, createForeignKey } = await arrange();
    const [deleted] = await Promise.all([createKey(), createForeignKey()]);
    await client.delete(deleted.id);
    expect(idsOf(await client.list())).toEqual([root.id]);
  });

  it('is an empty list when nothing fits', async () => {
    const { client } = await arrange();
    expect(expectSuccess(await client.list('?status=disabled'), LISTED)).toEqual([]);
  });

  it('costs the same few statements however many keys it shows', async () => {
    const fixture = await arrange();
    const statements = async () => {
      const all = await recordQueries(fixture.app, () => fixture.client.list());
      // A cached caller costs no statement, but on a slow machine its cache entry may expire and be
      // read again.
      return all.filter((statement) => !/FROM api_key_secrets s\s+JOIN api_keys k/.test(statement)).length;
    };
    const few = await statements();
    await insertKeys(fixture, 90);
    expect(await statements()).toBe(few);
    expect(few).toBeLessThanOrEqual(2);
  });

  describe('paging by bytes', () => {
    const MAX_BYTES = 1_001_000;

    /** Ids and sizes of the pages that `Link` leads through. */
    async function readSizes({ app, root }: Fixture, query: string) {
      const pages: { readonly ids: readonly string[]; readonly bytes: number }[] = [];
      for (let target: string | null = `${app.url}${KEYS}${query}`; target !== null;) {
        const response: Response = await fetch(target, { headers: { authorization: `Bearer ${root.secret}` } });
        const text = await response.text();
        const { data } = JSON.parse(text) as { data: { id: string }[] };
        pages.push({ ids: data.map(({ id }) => id), bytes: Buffer.byteLength(text) });
        const link = /<([^>]*)>/.exec(response.headers.get('link') ?? '')?.[1];
        target = link === undefined ? null : new URL(link, target).href;
      }
      return pages;
    }

    it.each(['?limit=1000', '?limit=1000&status=active', '?limit=120'])(
      'ends a page of keys of the greatest size (%s) at a megabyte, and has each key on exactly one page',
      async (query) => {
        const fixture = await arrange();
        const { connection } = shared.app.schema;
        const made = await insertVerifiableKeys(connection, fixture.organizationId, 230, greatestFields);
        const pages = await readSizes(fixture, query);
        expect(pages.flatMap(({ ids }) => ids)).toEqual([...made.map(({ id }) => id).reverse(), fixture.root.id]);
        expect(Math.max(...pages.map(({ bytes }) => bytes))).toBeLessThan(MAX_BYTES);
        // A page is full, too: the next key would not have fitted.
        expect(pages.length).toBe(3);
        expect(Math.min(...pages.slice(0, -1).map(({ bytes }) => bytes))).toBeGreaterThan(980_000);
      },
    );

    it('has each key on exactly one page whatever their sizes, also when small ones promise that many will fit', async () => {
      const fixture = await arrange();
      const { connection } = shared.app.schema;
      // A page must not become too large either where JSON escapes what is stored.
      const small = { label: 'Small', description: '"\\\u0001'.repeat(300), networks: [] };
      const made: string[] = [];
      for (const [count, fields] of [
        [150, greatestFields],
        [60, () => small],
        [90, greatestFields],
        [300, () => small],
      ] as const) {
        made.push(
          ...(await insertVerifiableKeys(connection, fixture.organizationId, count, fields)).map(({ id }) => id),
        );
      }
      const pages = await readSizes(fixture, '?limit=1000');
      expect(pages.flatMap(({ ids }) => ids)).toEqual([...made.reverse(), fixture.root.id]);
      expect(Math.max(...pages.map(({ bytes }) => bytes))).toBeLessThan(MAX_BYTES);
    });

    it('reads little from the database that it does not show', async () => {
      const fixture = await arrange();
      await insertVerifiableKeys(shared.app.schema.connection, fixture.organizationId, 300, greatestFields);
      const statements = await recordQueries(fixture.app, () => fixture.client.list('?limit=1000'));
      const limits = statements.flatMap((statement) => /LIMIT (\d+) OFFSET 0/.exec(statement)?.[1] ?? []).map(Number);
      expect(limits.reduce((sum, limit) => sum + limit, 0)).toBeLessThan(125);
    });
  });

  describe('paging', () => {
    it('begins with 100 keys, and names the next page in a Link of a query alone', async () => {
      const fixture = await arrange();
      const bare = (await insertKeys(fixture, 130)).toReversed();
      const answer = await fixture.client.list();
      expect(idsOf(answer)).toEqual(bare.slice(0, 100));
      expect(answer.headers.get('link')).toBe(`<?after=${bare[99] ?? ''}>; rel="next"`);
    });

    it.each([1, 2, 7, 60, 61, 1000])('shows each key once, in order, with limit %i', async (limit) => {
      const fixture = await arrange();
      const bare = await insertKeys(fixture, limit === 1 ? 4 : 60);
      const everything = [...bare.toReversed(), fixture.root.id];
      const pages = await readPages(fixture, `?limit=${limit}`);
      expect(pages.flat()).toEqual(everything);
      expect(pages).toHaveLength(Math.ceil(everything.length / limit));
    });

    it('shows a thousand keys on one page, and the rest on the next', async () => {
      const fixture = await arrange();
      await insertKeys(fixture, 1200);
      const pages = await readPages(fixture, '?limit=1000');
      expect(pages.map(({ length }) => length)).toEqual([1000, 201]);
      expect(new Set(pages.flat()).size).toBe(1201);
    });

    it('keeps the filters and the limit in the Link', async () => {
      const fixture = await arrange();
      await insertKeys(fixture, 3);
      const { headers } = await fixture.client.list('?status=active&limit=2');
      expect(headers.get('link')).toMatch(/^<\?status=active&limit=2&after=api_key_[0-9a-f-]{36}>; rel="next"$/);
      expect((await readPages(fixture, '?status=active&limit=2')).flat()).toHaveLength(4);
    });

    it('compares the cursor and never looks it up: one that names no key works like any other', async () => {
      const { client, root, createKey, createForeignKey } = await arrange();
      const older = await createKey();
      const unknown = newId('api_key_');
      const foreign = await createForeignKey();
      const deleted = await createKey();
      await client.delete(deleted.id);
      const newer = await createKey();
      for (const { id } of [{ id: unknown }, foreign, deleted, newer]) {
        expect(idsOf(await client.list(`?after=${id}`))).toEqual([older.id, root.id]);
      }
      expect(idsOf(await client.list('?after=api_key_00000000-0000-7000-8000-000000000000'))).toEqual([]);
    });

    it('goes on rightly after the key of its cursor was deleted', async () => {
      const fixture = await arrange();
      const bare = (await insertKeys(fixture, 4)).toReversed();
      const pages = await readPages(fixture, '?limit=2', (page) =>
        page === 1 ? fixture.client.delete(bare[1] ?? '') : Promise.resolve(),
      );
      expect(pages).toEqual([bare.slice(0, 2), bare.slice(2), [fixture.root.id]]);
    });

    it('shows each key that stays exactly once, in order, while others come and go', async () => {
      const fixture = await arrange();
      const bare = await insertKeys(fixture, 40);
      const going = bare.filter((_, place) => place % 4 === 0);
      const staying: string[] = [fixture.root.id, ...bare.filter((id) => !going.includes(id))].toSorted().toReversed();
      const pages = readPages(fixture, '?limit=3');
      const changes = [
        ...going.map((id) => fixture.client.delete(id)),
        ...Array.from({ length: 8 }, () => fixture.client.create({ label: 'coming' })),
      ];
      const statuses = (await Promise.all(changes)).map(({ status }) => status);
      const seen = (await pages).flat();
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(seen).toEqual([...new Set(seen)].toSorted().toReversed());
      expect(seen.filter((id) => staying.includes(id))).toEqual(staying);
    });
  });

  describe('filters', () => {
    it('tells active, disabled and expired keys apart; a disabled one that expired is disabled', async () => {
      const { client, root, createKey, setColumn, timeIn } = await arrange();
      const [later, disabled, expired, both] = await Promise.all([
        createKey({ expires_at: '2099-01-01 00:00:00' }),
        createKey(),
        createKey(),
        createKey(),
      ]);
      await setColumn(disabled.id, 'disabled_at', 'UTC_TIMESTAMP()');
      await setColumn(both.id, 'disabled_at', 'UTC_TIMESTAMP()');
      await setColumn(expired.id, 'expires_at', `'${await timeIn(0)}'`);
      await setColumn(both.id, 'expires_at', `'${await timeIn(-60)}'`);
      const found = async (status: string) => new Set(idsOf(await client.list(`?status=${status}`)));
      expect(await found('active')).toEqual(new Set([root.id, later.id]));
      expect(await found('disabled')).toEqual(new Set([disabled.id, both.id]));
      expect(await found('expired')).toEqual(new Set([expired.id]));
      expect(idsOf(await client.list())).toHaveLength(5);
    });

    it('finds the keys that a key created, also one that is deleted since', async () => {
      const { client, clientOf, createKey } = await arrange();
      const parent = await createKey();
      const child = (await clientOf(parent).create({ label: 'x' })).body.data;
      await clientOf(child).create({ label: 'grandchild' });
      await client.delete(parent.id);
      expect(idsOf(await client.list(`?created_by=${parent.id}`))).toEqual([child.id]);
    });

    it('finds nothing that another organization created, and reveals nothing about its key', async () => {
      const { client, clientOf, createForeignKey } = await arrange();
      const foreign = await createForeignKey();
      await clientOf(foreign).create({ label: 'x' });
      expect(idsOf(await client.list(`?created_by=${foreign.id}`))).toEqual([]);
    });

    it('combines filters, cursor and limit', async () => {
      const { client, clientOf, createKey, setColumn } = await arrange();
      const parent = clientOf(await createKey());
      const children: string[] = [];
      for (let number = 0; number < 4; number++) {
        children.unshift((await parent.create({ label: 'x' })).body.data.id);
      }
      const [newest = '', , disabled = '', oldest = ''] = children;
      await setColumn(disabled, 'disabled_at', 'UTC_TIMESTAMP()');
      const creator = (await client.list(`?after=${oldest}&limit=1`)).body.data[0]?.id ?? '';
      const query = `?created_by=${creator}&status=active&after=${newest}&limit=2`;
      expect(idsOf(await client.list(query))).toEqual([children[1], oldest]);
    });
  });

  describe('a query that is wrong', () => {
    it.each([
      ['limit', '?limit=0', NO_LIMIT],
      ['limit', '?limit=1001', NO_LIMIT],
      ['limit', '?limit=-1', NO_LIMIT],
      ['limit', '?limit=1.5', NO_LIMIT],
      ['limit', '?limit=1e2', NO_LIMIT],
      ['limit', '?limit=0x10', NO_LIMIT],
      ['limit', '?limit=ten', NO_LIMIT],
      ['limit', '?limit=', NO_LIMIT],
      ['limit', '?limit=%2010', NO_LIMIT],
      ['limit', '?limit=99999999999999999999', NO_LIMIT],
      ['limit', '?limit=1&limit=2', NO_LIMIT],
      ['after', '?after=nonsense', NO_ID],
      ['after', '?after=', NO_ID],
      ['after', "?after=api_key_'%20OR%201=1--", NO_ID],
      ['created_by', '?created_by=org_0197c0f1-9589-7990-b421-4b806f637b0c', NO_ID],
      ['status', '?status=deleted', CHOICES],
      ['status', '?status=', CHOICES],
      ['status', '?status=Active', CHOICES],
      ['page', '?page=2', 'is not a recognized field'],
      ['limit[]', '?limit[]=1', 'is not a recognized field'],
    ])('is refused by name: %s in %s', async (field, query, message) => {
      expectFailure(await shared.client.list(query), 400, {
        error: 'The request is invalid. See validator for the field to fix.',
        validator: { [field]: message },
      });
    });
  });
});
