import type { RowDataPacket } from 'mysql2/promise';
import { INTERNAL_TOKENS, TOKENS } from './internal-calls.js';
import { send } from '../support/api-client.js';
import { seedKeys } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';

describe('a batch in which one secret cannot be verified without the database', () => {
  let latchkey: TestApp;
  let secrets: string[];
  beforeAll(async () => {
    latchkey = await TestApp.start({ isProxied: true, tokens: INTERNAL_TOKENS, env: { OUTAGE_GRACE_MS: '0' } });
    secrets = (await seedKeys(latchkey, 20)).map(({ secret }) => secret);
  });
  afterAll(() => latchkey.close());

  const verify = (sent: readonly string[]) =>
    send(latchkey.internalUrl, 'POST', '/verify/batch', {
      secret: TOKENS.billing,
      body: { requests: sent.map((secret) => ({ secret })) },
    });

  async function counted(): Promise<number> {
    await latchkey.flushUsage();
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT COALESCE(SUM(total_requests), 0) AS total FROM api_key_metrics',
    );
    return Number(rows[0]?.total);
  }

  it('is 503 as a whole, and counts none: a retry is counted once', async () => {
    const [cold = '', ...warm] = secrets;
    expect((await verify(warm)).status).toBe(200);
    expect(await counted()).toBe(warm.length);

    latchkey.proxy.set('closed');
    const answer = await verify([...warm, cold]);
    expect([answer.status, answer.headers.get('retry-after'), answer.body.data]).toEqual([503, '1', null]);

    latchkey.proxy.set('open');
    expect((await verify([...warm, cold])).status).toBe(200);
    expect(await counted()).toBe(2 * warm.length + 1);
  }, 20_000);
});
