import type { RowDataPacket } from 'mysql2';
import { SCOPES } from '../../src/common/access/scope.js';
import { type Answer, type KeyOnWire, KEYS, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { dumpSchema } from '../support/dump.js';
import { API_KEY_ID, expectFailure, expectSuccess, like, MOMENT, REALM } from '../support/expect-answer.js';
import { recordQueries } from '../support/query-log.js';
import { describeFieldRules } from './field-rules.js';
import { describeGuards } from './guarded-route.js';

const CREATED = 'Resource created successfully';
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** What is secret in a secret: its 33 characters in the middle. */
const randomPartOf = (secret: string) => secret.slice(30, 63);

function randomBytesOf(secret: string): string {
  const value = Array.from(randomPartOf(secret)).reduce((sum, digit) => sum * 62n + BigInt(BASE62.indexOf(digit)), 0n);
  return value.toString(16).padStart(48, '0');
}

describe('creating an API key', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  const rows = async () => {
    const [found] = await fixture.app.schema.connection.query<RowDataPacket[]>(
      'SELECT (SELECT COUNT(*) FROM api_keys) AS `keys`, (SELECT COUNT(*) FROM api_key_secrets) AS secrets, (SELECT COUNT(*) FROM key_changes) AS entries',
    );
    return found[0];
  };

  describeGuards(() => fixture, {
    scope: 'api_keys.create',
    call: (client) => client.create({ label: 'x', scopes: ['api_keys.create'] }),
    callBadly: (client) => client.create({ nonsense: true }),
  });
  describeFieldRules(
    () => fixture,
    (client, _, body) => client.create(body),
  );

  describe('the answer', () => {
    it('holds the key as it was asked for, every field of it, and the whole secret', async () => {
      const before = await fixture.timeIn(0);
      const answer = await fixture.client.create({
        label: 'My API Key',
        description: 'Key for accessing product APIs',
        scopes: ['products.create', 'invoices.read'],
        ip_allow_list: ['127.0.0.1'],
        expires_at: '2099-05-30 20:23:16',
      });
      const data = expectSuccess(answer, CREATED);
      expect(data).toStrictEqual({
        id: like(API_KEY_ID),
        organization_id: fixture.organizationId,
        label: 'My API Key',
        description: 'Key for accessing product APIs',
        secret: like(/^sk_live_[0-9A-Za-z]{61}$/),
        scopes: ['products.create', 'invoices.read'],
        ip_allow_list: ['127.0.0.1'],
        expires_at: '2099-05-30 20:23:16',
        created_at: like(MOMENT),
        updated_at: null,
      });
      expect(data.created_at >= before && data.created_at <= (await fixture.timeIn(0))).toBe(true);
    });

    it('holds every scope, no description, any address and no end when only the label is given, by a key without limits', async () => {
      const data = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
      expect(data).toMatchObject({ description: null, scopes: SCOPES, ip_allow_list: [], expires_at: null });
    });

    it('takes null for each optional field as if it were left out, from a key without limits', async () => {
      const body = { label: 'x', description: null, scopes: null, ip_allow_list: null, expires_at: null };
      const data = expectSuccess(await fixture.client.create(body), CREATED);
      expect(data).toMatchObject({ description: null, scopes: SCOPES, ip_allow_list: [], expires_at: null });
    });

    it('holds another id and another secret each time, the same label or not', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => fixture.client.create({ label: 'same' })));
      const created = answers.map((answer) => expectSuccess(answer, CREATED));
      expect(new Set(created.map(({ id }) => id)).size).toBe(8);
      expect(new Set(created.map(({ secret }) => randomPartOf(secret))).size).toBe(8);
    });

    it('holds a secret that works at once', async () => {
      const key = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
      expect((await fixture.clientOf(key).get(key.id)).status).toBe(200);
    });

    it.each([
      ['malformed JSON', 'application/json', '{"label":', 400],
      ['another media type', 'text/plain', '{"label":"x"}', 415],
      ['more than 100 KB', 'application/json', JSON.stringify({ label: 'x'.repeat(102_400) }), 413],
    ])('is the envelope for a body of %s too, and creates nothing', async (_, type, body, status) => {
      const before = await rows();
      const response = await fetch(`${fixture.app.url}${KEYS}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${fixture.root.secret}`, 'content-type': type },
        body,
      });
      expectFailure(
        { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] },
        status,
      );
      expect(await rows()).toEqual(before);
    });
  });

  describe('the secret', () => {
    it('is shown once: get and list show its prefix, 12 characters and the last 5', async () => {
      const { id, secret } = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
      const masked = `sk_live_${secret.slice(8, 20)}...${secret.slice(-5)}`;
      const listed = await fixture.client.list('?limit=1');
      expect((await fixture.client.get(id)).body.data.secret).toBe(masked);
      expect(listed.body.data).toMatchObject([{ id, secret: masked }]);
    });

    it('is nowhere in the database: in no column of any table, whole or in its random part, as text or as bytes', async () => {
      const key = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
      await fixture.clientOf(key).get(key.id);
      await fixture.app.flushUsage();
      const dump = await dumpSchema(fixture.app.schema);
      expect(dump).toContain(`${key.secret.slice(0, 20)}...${key.secret.slice(-5)}`);
      expect(dump).not.toContain(key.secret.slice(8));
      expect(dump).not.toContain(randomPartOf(key.secret));
      expect(dump).not.toContain(randomBytesOf(key.secret));
    });

    it('never travels to the database, neither when it is made nor when it is used', async () => {
      const created: KeyOnWire[] = [];
      const statements = await recordQueries(fixture.app, async () => {
        const key = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
        created.push(key);
        await fixture.clientOf(key).create({ label: 'y' });
      });
      const [secret = ''] = created.map((key) => key.secret);
      expect(statements.join('\n')).toContain('INSERT INTO `api_key_secrets`');
      for (const part of [secret, fixture.root.secret].map(randomPartOf)) {
        expect(part).toHaveLength(33);
        expect(statements.join('\n')).not.toContain(part);
      }
    });

    it.each(['label', 'description'])('is refused as a %s, where every list would show it', async (field) => {
      const { secret } = fixture.root;
      for (const value of [secret, `my key: ${secret}.`]) {
        expectFailure(await fixture.client.create({ label: 'x', [field]: value }), 400, {
          validator: { [field]: 'must not contain the secret of an API key' },
        });
      }
    });

    it('is in no line of the log', async () => {
      const key = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
      await fixture.clientOf(key).update(key.id, { label: key.secret, nonsense: key.secret });
      await fixture.clientOf({ secret: `${key.secret}x` }).get(key.secret);
      expect(fixture.app.logs.length).toBeGreaterThan(0);
      expect(fixture.app.logs.join('')).not.toContain(randomPartOf(key.secret));
    });
  });

  describe('by a key with limits', () => {
    const LIMITS = {
      scopes: ['invoices.read', 'api_keys.create', 'api_keys.read'],
      ip_allow_list: ['127.0.0.0/8', '2001:db8::/32'],
      expires_at: '2098-01-01 00:00:00',
    } as const;
    const createLimited = () => fixture.createKey(LIMITS);

    it('passes every limit on when the fields are left out', async () => {
      const answer = await fixture.clientOf(await createLimited()).create({ label: 'x' });
      expect(expectSuccess(answer, CREATED)).toMatchObject(LIMITS);
    });

    it('passes the scopes on for null too: the default is all that the creating key has', async () => {
      const answer = await fixture.clientOf(await createLimited()).create({ label: 'x', scopes: null });
      expect(expectSuccess(answer, CREATED).scopes).toEqual(LIMITS.scopes);
    });

    it('grants what lies within: fewer scopes, a network in one of its networks, an expiry at its own', async () => {
      const within = {
        scopes: ['invoices.read'],
        ip_allow_list: ['127.0.0.1', '2001:db8:1::/48'],
        expires_at: LIMITS.expires_at,
      };
      const answer = await fixture.clientOf(await createLimited()).create({ label: 'x', ...within });
      expect(expectSuccess(answer, CREATED)).toMatchObject(within);
    });

    it.each([
      [
        'a scope that it lacks',
        { scopes: ['invoices.read', 'invoices.update', 'users.update'] },
        { scopes: 'scopes beyond yours: invoices.update, users.update' },
      ],
      [
        'a network beyond its own',
        { ip_allow_list: ['127.0.0.1', '126.0.0.0/7', '10.0.0.1'] },
        { ip_allow_list: 'addresses beyond yours: 126.0.0.0/7, 10.0.0.1' },
      ],
      [
        'IPv6 where its IPv6 is narrower',
        { ip_allow_list: ['::/0'] },
        { ip_allow_list: 'addresses beyond yours: ::/0' },
      ],
      [
        'null for any address',
        { ip_allow_list: null },
        { ip_allow_list: 'any address, while yours is bound to an ip_allow_list' },
      ],
      [
        'an empty list for any address',
        { ip_allow_list: [] },
        { ip_allow_list: 'any address, while yours is bound to an ip_allow_list' },
      ],
      ['null for no end', { expires_at: null }, { expires_at: 'an expiry later than yours' }],
      [
        'an expiry one second later than its own',
        { expires_at: '2098-01-01 00:00:01' },
        { expires_at: 'an expiry later than yours' },
      ],
      [
        'too much of everything',
        { scopes: ['users.update'], ip_allow_list: [], expires_at: null },
        {
          scopes: 'scopes beyond yours: users.update',
          ip_allow_list: 'any address, while yours is bound to an ip_allow_list',
          expires_at: 'an expiry later than yours',
        },
      ],
    ])('refuses %s, names what exceeds, and creates nothing', async (_, excess, named) => {
      const client = fixture.clientOf(await createLimited());
      const before = await rows();
      expectFailure(await client.create({ label: 'x', ...excess }), 403, {
        error: `The new key would be stronger than yours: ${Object.values(named).join('; ')}.`,
        validator: named,
        challenge: REALM,
      });
      expect(await rows()).toEqual(before);
    });

    it('has no limit on how many', async () => {
      const client = fixture.clientOf(await createLimited());
      const answers = await Promise.all(Array.from({ length: 12 }, () => client.create({ label: 'x' })));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    });
  });

  it('notes who created it, and records the change for the other instances, in one transaction', async () => {
    const before = await rows();
    const { id } = expectSuccess(await fixture.client.create({ label: 'x' }), CREATED);
    const listed = await fixture.client.list(`?created_by=${fixture.root.id}&limit=1`);
    expect(listed.body.data).toMatchObject([{ id }]);
    expect(await rows()).toEqual({
      keys: Number(before?.keys) + 1,
      secrets: Number(before?.secrets) + 1,
      entries: Number(before?.entries) + 1,
    });
  });

  it('takes no part of the key from the query', async () => {
    const { body } = await send<KeyOnWire>(fixture.app.url, 'POST', `${KEYS}?label=evil&scopes=invoices.read`, {
      secret: fixture.root.secret,
      body: { label: 'x' },
    });
    expect(body.data).toMatchObject({ label: 'x', scopes: SCOPES });
  });
});
