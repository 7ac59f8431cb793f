import { idToBytes } from '../../src/common/prefixed-id.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import type { Answer } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { expectFailure, insufficientScope, invalidToken, REALM } from '../support/expect-answer.js';
import { changeInDatabase, untilChangesRead } from '../support/database-changes.js';
import { forge } from '../support/secrets.js';

const SAYS = {
  unknown: 'This API key is not valid.',
  organization: 'The organization of this API key is deactivated.',
  deleted: 'This API key has been deleted.',
  disabled: 'This API key is disabled.',
  expired: 'This API key has expired.',
} as const;

function expectDead(answer: Answer, because: keyof typeof SAYS): void {
  expectFailure(answer, 401, { error: SAYS[because], challenge: invalidToken(SAYS[because]) });
}

describe('a key that is dead', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  const onSecret = async (keyId: string, sql: string) => {
    const statement = `UPDATE api_key_secrets SET ${sql} WHERE key_id = ?`;
    await changeInDatabase(fixture.app.schema.name, keyId, [statement, idToBytes('api_key_', keyId)]);
    await untilChangesRead(fixture.app);
  };

  it.each([
    ['deleted', 'deleted_at', 'UTC_TIMESTAMP()'],
    ['disabled', 'disabled_at', 'UTC_TIMESTAMP()'],
    ['expired', 'expires_at', 'UTC_TIMESTAMP() - INTERVAL 1 SECOND'],
    ['expired', 'expires_at', 'UTC_TIMESTAMP()'],
  ] as const)('is told that it is %s, on every route, at once (%s = %s)', async (because, column, sql) => {
    const key = await fixture.createKey();
    const own = fixture.clientOf(key);
    expect((await own.list()).status).toBe(200);
    await fixture.setColumn(key.id, column, sql);
    const answers = [
      await own.list(),
      await own.get(fixture.root.id),
      await own.create({ label: 'x' }),
      await own.update(fixture.root.id, { label: 'x' }),
      await own.delete(fixture.root.id),
    ];
    for (const answer of answers) {
      expectDead(answer, because);
    }
  });

  it('gets the error that its organization is deactivated at once, and works again when that is undone', async () => {
    const { app, clientOf } = fixture;
    const organizationId = await app.createOrganization();
    const keys = await Promise.all([app.createKey(organizationId), app.createKey(organizationId)]);
    await app.app.get(OrganizationsService).deactivate(organizationId);
    for (const key of keys) {
      expectDead(await clientOf(key).get(key.id), 'organization');
    }
    await app.app.get(OrganizationsService).reactivate(organizationId);
    for (const key of keys) {
      expect((await clientOf(key).get(key.id)).status).toBe(200);
    }
  });

  it('is alive until its expiry, and its secret alone may end before', async () => {
    const key = await fixture.createKey({ expires_at: '2099-01-01 00:00:00' });
    await onSecret(key.id, "not_after = '2098-01-01 00:00:00'");
    expect((await fixture.clientOf(key).get(key.id)).status).toBe(200);
    await onSecret(key.id, 'not_after = UTC_TIMESTAMP()');
    expectDead(await fixture.clientOf(key).get(key.id), 'expired');
  });

  it('gets the first that applies: organization, deleted, disabled, expired, scope, address', async () => {
    const { app, clientOf, setColumn } = fixture;
    const organizationId = await app.createOrganization();
    const key = await app.createKey(organizationId, { scopes: ['invoices.read'], ip_allow_list: ['203.0.113.7'] });
    await setColumn(key.id, 'deleted_at', 'UTC_TIMESTAMP()');
    await setColumn(key.id, 'disabled_at', 'UTC_TIMESTAMP()');
    await setColumn(key.id, 'expires_at', 'UTC_TIMESTAMP()');
    await app.app.get(OrganizationsService).deactivate(organizationId);
    const own = clientOf(key);

    expectDead(await own.list(), 'organization');
    await app.app.get(OrganizationsService).reactivate(organizationId);
    expectDead(await own.list(), 'deleted');
    await setColumn(key.id, 'deleted_at', 'NULL');
    expectDead(await own.list(), 'disabled');
    await setColumn(key.id, 'disabled_at', 'NULL');
    expectDead(await own.list(), 'expired');
    await setColumn(key.id, 'expires_at', 'NULL');
    expectFailure(await own.list(), 403, { challenge: insufficientScope('api_keys.read') });
    await setColumn(key.id, 'scopes', `'["api_keys.read"]'`);
    expectFailure(await own.list(), 403, { challenge: REALM });
    await setColumn(key.id, 'ip_allow_list', `'[]'`);
    expect((await own.list()).status).toBe(200);
  });

  it.each(['deleted_at', 'disabled_at', 'expires_at'])(
    'is not acknowledged (%s) to a client that has its id and not its secret',
    async (column) => {
      const key = await fixture.createKey();
      await fixture.setColumn(key.id, column, 'UTC_TIMESTAMP()');
      expectDead(await fixture.clientOf({ secret: forge(key.secret) }).list(), 'unknown');
    },
  );

  it('is never mistaken for one that is alive: a forged secret of a living key is as unknown', async () => {
    expectDead(await fixture.clientOf({ secret: forge(fixture.root.secret) }).list(), 'unknown');
  });
});

describe('a stored key that cannot be understood', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  it.each([
    ['ip_allow_list', '{}'],
    ['ip_allow_list', 'null'],
    ['ip_allow_list', '"0.0.0.0/0"'],
    ['ip_allow_list', '["nonsense"]'],
    ['ip_allow_list', '[null]'],
    ['ip_allow_list', '[""]'],
    ['scopes', '{}'],
    ['scopes', 'null'],
  ])('refuses every request (%s = %s), and discloses no internals', async (column, json) => {
    const key = await fixture.createKey();
    await fixture.setColumn(key.id, column, `'${json}'`);
    expectFailure(await fixture.clientOf(key).list(), 500, { error: /^An internal error occurred\./ });
  });

  it('grants nothing for a scope that this version does not know', async () => {
    const key = await fixture.createKey();
    await fixture.setColumn(key.id, 'scopes', `'["api_keys.everything", "*", ""]'`);
    expectFailure(await fixture.clientOf(key).list(), 403, { challenge: insufficientScope('api_keys.read') });
  });
});
