import { Agent } from 'node:http';
import { KEYS } from '../support/api-client.js';
import { exchange } from '../support/http-load.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What the fuzz test has found once, each by itself. */
describe('what fuzzing has found', () => {
  let app: TestApp;
  let secret: string;
  beforeAll(async () => {
    app = await startTestApp();
    ({ secret } = await app.createKey(await app.createOrganization()));
  });
  afterAll(() => app.close());

  // Not by `fetch`, which adds Cache-Control: no-cache to such a request, so that it would be answered in any case.
  it.each([KEYS, '/health/live', '/health/ready'])(
    'GET %s is answered in full, whatever the client claims to have',
    async (path) => {
      const headers = { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() };
      const { status, body } = await exchange(new Agent(), 'GET', `${app.url}${path}`, secret, undefined, headers);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toHaveProperty('status');
    },
  );
});
