import { KEYS, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';

describe('while tables are being restored', () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await startFixture({ env: { OUTAGE_GRACE_MS: '0' } });
  });

  afterAll(() => fixture.app.close());

  /** With the requests that need what is missing: the secrets of keys in use are in the cache. */
  const missing = [
    ['a table', 'RENAME TABLE api_keys TO away', 'RENAME TABLE away TO api_keys', 6],
    ['the table of secrets', 'RENAME TABLE api_key_secrets TO away', 'RENAME TABLE away TO api_key_secrets', 3],
    [
      'a column',
      'ALTER TABLE api_keys RENAME COLUMN description TO away',
      'ALTER TABLE api_keys RENAME COLUMN away TO description',
      6,
    ],
  ] as const;

  it.each(missing)(
    '%s is missing: requests get a 503 with Retry-After, and are served again afterwards',
    async (...row) => {
      const [, take, giveBack, affected] = row;
      const { app, root, createKey } = fixture;
      const { id, secret } = await createKey();
      await app.schema.connection.query(take);
      try {
        const requests = [
          () => send(app.internalUrl, 'POST', '/verify', { body: { secret } }),
          () => send(app.url, 'POST', KEYS, { secret: root.secret, body: { label: 'during' } }),
          () => send(app.url, 'GET', KEYS, { secret: root.secret }),
          () => send(app.url, 'GET', `${KEYS}/${id}`, { secret: root.secret }),
          () => send(app.url, 'PUT', `${KEYS}/${id}`, { secret: root.secret, body: { label: 'during' } }),
          () => send(app.url, 'DELETE', `${KEYS}/${id}`, { secret: root.secret }),
        ];
        for (const request of requests.slice(0, affected)) {
          const { status, headers } = await request();
          expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '1' });
        }
      } finally {
        await app.schema.connection.query(giveBack);
      }
      expect((await send(app.url, 'GET', `${KEYS}/${id}`, { secret: root.secret })).status).toBe(200);
      expect((await send(app.internalUrl, 'POST', '/verify', { body: { secret } })).body.data).toMatchObject({
        valid: true,
      });
    },
  );
});
