import type { RowDataPacket } from 'mysql2/promise';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { TestProcess } from '../support/test-process.js';
import { changeInDatabase, untilChangesRead } from '../support/database-changes.js';
import { forge } from '../support/secrets.js';

const AT_ONCE = 137;

describe('the requests of a key', () => {
  let latchkey: TestApp;
  let organizationId: OrganizationId;

  beforeAll(async () => {
    latchkey = await TestApp.start();
  });

  afterAll(() => latchkey.close());

  beforeEach(async () => {
    organizationId = await latchkey.createOrganization();
  });

  afterEach(() => endProcesses());

  async function counted(id: ApiKeyId): Promise<number> {
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT total_requests FROM api_key_metrics WHERE key_id = ?',
      [idToBytes('api_key_', id)],
    );
    return Number(rows[0]?.total_requests ?? 0);
  }

  async function totalCounted(): Promise<number> {
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT COALESCE(SUM(total_requests), 0) AS total FROM api_key_metrics',
    );
    return Number(rows[0]?.total);
  }

  const list = (secret: string, url = latchkey.url) => send(url, 'GET', KEYS, { secret });

  async function setKey({ id }: CreatedApiKeyResponse, assignment: string): Promise<void> {
    const statement = `UPDATE api_keys SET ${assignment} WHERE id = ?`;
    await changeInDatabase(latchkey.schema.name, id, [statement, idToBytes('api_key_', id)]);
    await untilChangesRead(latchkey);
  }

  it(`made at once are each counted: ${AT_ONCE} are ${AT_ONCE}`, async () => {
    const { id, secret } = await latchkey.createKey(organizationId);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => list(secret)));
    await latchkey.flushUsage();

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await counted(id)).toBe(AT_ONCE);
    const shown = await send(latchkey.url, 'GET', `${KEYS}/${id}`, { secret });
    expect(shown.body.data).toMatchObject({ metrics: { api_key_id: id, total_requests: AT_ONCE } });
  });

  it(`made at once are ${AT_ONCE} also when the process is asked to stop as soon as they are answered`, async () => {
    const { id, secret } = await latchkey.createKey(organizationId);
    const product = new TestProcess({ database: latchkey.schema.url });
    const url = await product.ready();
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => list(secret, url)));

    expect(await product.stop()).toBe(0);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await counted(id)).toBe(AT_ONCE);
  });

  it('add up over two processes that serve the same key', async () => {
    const { id, secret } = await latchkey.createKey(organizationId);
    const products = [1, 2].map(() => new TestProcess({ database: latchkey.schema.url }));
    const urls = await Promise.all(products.map((product) => product.ready()));
    await Promise.all(urls.flatMap((url) => Array.from({ length: 50 }, () => list(secret, url))));

    expect(await Promise.all(products.map((product) => product.stop()))).toEqual([0, 0]);
    expect(await counted(id)).toBe(100);
  });

  it('count whatever scope and address say next', async () => {
    const scopeless = await latchkey.createKey(organizationId, { scopes: ['products.read'] });
    const elsewhere = await latchkey.createKey(organizationId, { ip_allow_list: ['192.0.2.1'] });
    expect([(await list(scopeless.secret)).status, (await list(elsewhere.secret)).status]).toEqual([403, 403]);
    await latchkey.flushUsage();

    expect([await counted(scopeless.id), await counted(elsewhere.id)]).toEqual([1, 1]);
  });

  it('count also when what they ask for is not found, or invalid', async () => {
    const { id, secret } = await latchkey.createKey(organizationId);
    const statuses = [
      await send(latchkey.url, 'GET', `${KEYS}/${id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}`, { secret }),
      await send(latchkey.url, 'POST', KEYS, { secret, body: { label: '' } }),
    ].map(({ status }) => status);
    await latchkey.flushUsage();

    expect(statuses).toEqual([404, 400]);
    expect(await counted(id)).toBe(2);
  });

  it.each([
    ['is deleted', (key: CreatedApiKeyResponse) => setKey(key, 'deleted_at = UTC_TIMESTAMP()')],
    ['is disabled', (key: CreatedApiKeyResponse) => setKey(key, 'disabled_at = UTC_TIMESTAMP()')],
    ['has expired', (key: CreatedApiKeyResponse) => setKey(key, 'expires_at = UTC_TIMESTAMP()')],
    ['is of a stopped organization', () => latchkey.app.get(OrganizationsService).deactivate(organizationId)],
  ])('do not count once the key %s', async (_, kill) => {
    const key = await latchkey.createKey(organizationId);
    await list(key.secret);
    await kill(key);
    expect((await list(key.secret)).status).toBe(401);
    await latchkey.flushUsage();

    expect(await counted(key.id)).toBe(1);
  });

  it('are those with its whole secret: garbage counts for no key', async () => {
    const { secret } = await latchkey.createKey(organizationId);
    await latchkey.flushUsage();
    const before = await totalCounted();
    const swapped = secret.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    for (const garbage of [
      forge(secret),
      swapped,
      secret.slice(0, -1),
      secret.replace('sk_live_', 'sk_test_'),
      'sk_live_',
    ]) {
      expect((await list(garbage)).status).toBe(401);
    }
    await send(latchkey.url, 'GET', KEYS);
    await latchkey.flushUsage();

    expect(await totalCounted()).toBe(before);
  });
});
