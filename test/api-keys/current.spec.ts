import { type Fixture, startFixture } from '../support/fixtures.js';
import { expectFailure, expectSuccess, invalidToken, REALM } from '../support/expect-answer.js';
import { untilChangesRead } from '../support/database-changes.js';
import { recordQueries } from '../support/query-log.js';

describe('reading the calling key itself', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  const current = (key: { readonly secret: string }) => fixture.clientOf(key).get('current');

  it('shows it as the list does, masked and without metrics, whatever its scopes', async () => {
    const key = await fixture.createKey({ label: 'Me', scopes: ['invoices.read'], ip_allow_list: ['127.0.0.1'] });
    expect(expectSuccess(await current(key), 'API key found')).toStrictEqual({
      id: key.id,
      organization_id: fixture.organizationId,
      label: 'Me',
      description: null,
      secret: `${key.secret.slice(0, 20)}...${key.secret.slice(-5)}`,
      scopes: ['invoices.read'],
      ip_allow_list: ['127.0.0.1'],
      expires_at: null,
      created_at: key.created_at,
      updated_at: null,
    });
  });

  it('asks the database once, and then no more', async () => {
    const key = await fixture.createKey();
    await untilChangesRead(fixture.app);
    await current(key);
    const statements = await recordQueries(fixture.app, async () => {
      for (let i = 0; i < 20; i++) {
        expectSuccess(await current(key), 'API key found');
      }
    });
    expect(statements).toEqual([]);
  });

  it('shows at once what was changed through this instance, also what no verdict depends on', async () => {
    const key = await fixture.createKey({ label: 'Before' });
    await current(key);
    expectSuccess(await fixture.client.update(key.id, { label: 'After', description: 'New' }), 'API key updated');
    const shown = expectSuccess(await current(key), 'API key found');
    expect([shown.label, shown.description]).toEqual(['After', 'New']);
    expect(shown.updated_at).not.toBeNull();
  });

  it('refuses a key that is dead, or calls from elsewhere, as every route does', async () => {
    const [dead, elsewhere] = await Promise.all([
      fixture.createKey(),
      fixture.createKey({ ip_allow_list: ['192.0.2.1'] }),
    ]);
    await fixture.client.delete(dead.id);
    expectFailure(await current(dead), 401, { challenge: invalidToken('This API key has been deleted.') });
    expectFailure(await current(elsewhere), 403, { challenge: REALM });
    expectFailure(await fixture.clientOf(undefined).get('current'), 401, { challenge: REALM });
  });
});
