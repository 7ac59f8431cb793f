import { Agent } from 'node:http';
import { KEYS } from '../support/api-client.js';
import { exchange } from '../support/load-client.js';
import { sendBytes } from '../support/raw-client.js';
import { TestApp } from '../support/test-app.js';

/** What the fuzz test has found once, each by itself. */
describe('what fuzzing has found', () => {
  let app: TestApp;
  let secret: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ secret } = await app.createKey(await app.createOrganization()));
  });
  afterAll(() => app.close());

  // Not sent with `fetch`: its Cache-Control: no-cache turns conditional requests off.
  it.each([KEYS, '/health/live', '/health/ready'])(
    'GET %s is answered in full, whatever the client claims to have',
    async (path) => {
      const headers = { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() };
      const { status, body } = await exchange(new Agent(), 'GET', `${app.url}${path}`, { secret, headers });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toHaveProperty('status');
    },
  );

  it('a connection is closed after a request to upgrade it: what came behind that would never be answered', async () => {
    const { port } = new URL(app.url);
    const asked = [
      `PUT ${KEYS}/a HTTP/1.1`,
      'Host: a',
      `Authorization: Bearer ${secret}`,
      'Content-Type: application/json',
    ];
    const upgrade = [...asked, 'Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 4', '', '{'].join('\r\n');
    const behind = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';
    const { answers, trouble } = await sendBytes(Number(port), { pieces: [upgrade, ` 1}${behind}`], end: false });
    expect(trouble).toBeNull();
    expect(answers.map(({ status }) => status)).toEqual([400]);
  });

  it('headers that are too large, of a request by HEAD, are refused without a body', async () => {
    const agent = new Agent({ keepAlive: true });
    const headers = { 'x-large': 'x'.repeat(20_000) };
    const { status, body, error } = await exchange(agent, 'HEAD', `${app.url}/health/live`, { headers });
    agent.destroy();
    expect({ status, body, error }).toEqual({ status: 431, body: '', error: null });
  });
});
