import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { ApiKeysService } from '../../src/api-keys/api-keys.service.js';
import { newId } from '../../src/common/prefixed-id.js';
import { InternalListener } from '../../src/internal/internal-listener.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { KeysClient, send } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';
import { eventually } from '../support/eventually.js';

/** Texts that are longer in other character sets, or have no form there. */
const LABELS = ['Küche 🔑', 'é'.repeat(200), '中'.repeat(255), 'it\'s a \\ "quoted" `label` -- with /* marks */'];

/**
 * What a key with `api_keys.update` sends of itself to take every right, where the server reads
 * UTF-8 as another character set.
 */
const injection = (id: string) =>
  `中', scopes=0x5b225c75303032615c22225d, ip_allow_list=0x5b5d, expires_at=NULL WHERE id=0x${id.replace(/^api_key_|-/g, '')} -- `;

const EXPIRES_AT = '2099-12-31 23:59:59';

/**
 * Uses the whole product on a database, from the first migration to a deleted key, and checks that
 * it behaves as on a well configured server.
 * @param admin a connection of the server's administrator
 */
export async function expectWholeProduct(databaseUrl: string, admin: Connection, schema: string): Promise<void> {
  const on = await TestApp.start({ database: databaseUrl, env: { BCRYPT_COST: '10' } });
  try {
    const root = await makeRoot(on);
    const client = new KeysClient(on, root.secret);
    for (const label of LABELS) {
      const made = await client.create({ label, description: label });
      expect(made.body).toMatchObject({ status: 200, data: { label, description: label } });
      expect((await client.get(made.body.data.id)).body.data).toMatchObject({ label, description: label });
      expect(Math.abs(Date.parse(`${made.body.data.created_at}Z`) - Date.now())).toBeLessThan(60_000);
      await expectValid(on, made.body.data.secret);
    }
    const { body } = await client.list();
    expect(body.data.map(({ label }) => label).sort()).toEqual(['Root', ...LABELS].sort());
    const [stored] = await admin.query<RowDataPacket[]>(`SELECT HEX(label) AS hex FROM ${schema}.api_keys`);
    expect(stored.map((row) => Buffer.from(String(row.hex), 'hex').toString()).sort()).toEqual(
      ['Root', ...LABELS].sort(),
    );
    await expectInjectionStored(on, client);
    expect((await client.delete(body.data[0]?.id ?? '')).status).toBe(200);
    expect((await client.list()).body.data).toHaveLength(LABELS.length + 1);
    await expectNothingOpen(admin);
  } finally {
    await on.close();
  }
}

async function makeRoot({ app }: TestApp) {
  const organization = await app.get(OrganizationsService).create('Größe 組織');
  expect((await app.get(OrganizationsService).list()).map(({ name }) => name)).toEqual(['Größe 組織']);
  return app
    .get(ApiKeysService)
    .create({ kind: 'operator', organizationId: organization.id, requestId: newId('req_') }, { label: 'Root' });
}

async function expectInjectionStored(on: TestApp, root: KeysClient): Promise<void> {
  const limits = { scopes: ['api_keys.update'], ip_allow_list: ['127.0.0.0/8'], expires_at: EXPIRES_AT };
  const made = await root.create({ label: 'Narrow', ...limits });
  expect(made.body).toMatchObject({ status: 200, data: limits });
  const { id, secret } = made.body.data;
  const label = injection(id);
  const answer = await new KeysClient(on, secret).update(id, { label, ...limits });
  expect(answer.body).toMatchObject({ status: 200, data: { label, ...limits } });
  expect((await root.get(id)).body.data).toMatchObject({ label, ...limits });
}

async function expectValid({ app }: TestApp, secret: string): Promise<void> {
  const { body } = await send<{ readonly code: string }>(app.get(InternalListener).url, 'POST', '/verify', {
    body: { secret, client_ip: '127.0.0.1' },
  });
  expect(body.data).toMatchObject({ valid: true });
}

/** A transaction that a statement has left open shows here as long as its connection lives. */
async function expectNothingOpen(admin: Connection): Promise<void> {
  let open: RowDataPacket[] = [];
  const isNothingOpen = async () => {
    // InnoDB returns a cached list to queries that come within 100 ms of each other.
    await sleep(150);
    [open] = await admin.query<RowDataPacket[]>(
      `SELECT t.trx_state, t.trx_started, t.trx_query, p.user, p.db, p.command, p.time FROM information_schema.innodb_trx t
         JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id`,
    );
    return open.length === 0;
  };
  await eventually('no transaction is open', isNothingOpen).catch((error: unknown) => {
    throw new Error(`a transaction is open: ${JSON.stringify(open)}`, { cause: error });
  });
}
