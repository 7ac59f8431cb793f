import type { RowDataPacket } from 'mysql2/promise';
import { send } from '../support/api-client.js';
import { TOKENS } from './internal-app.js';
import { startSeverableApp, type SeverableApp } from './severable-app.js';

describe('a batch, of which one secret cannot be judged for want of a database', () => {
  let severable: SeverableApp;
  beforeAll(async () => {
    severable = await startSeverableApp({ OUTAGE_GRACE_MS: '0' });
  });
  afterAll(() => severable.close());

  const verify = (secrets: readonly string[]) =>
    send(severable.internalUrl, 'POST', '/verify/batch', {
      secret: TOKENS.billing,
      body: { requests: secrets.map((secret) => ({ secret })) },
    });

  async function counted(): Promise<number> {
    await severable.flushUsage();
    const [rows] = await severable.schema.connection.query<RowDataPacket[]>(
      'SELECT COALESCE(SUM(total_requests), 0) AS total FROM api_key_metrics',
    );
    return Number(rows[0]?.total);
  }

  it('is 503 as a whole, and counts none: whoever tries again is counted once', async () => {
    const secrets = severable.keys.map(({ secret }) => secret);
    const [cold = '', ...warm] = secrets;
    expect((await verify(warm)).status).toBe(200);
    expect(await counted()).toBe(warm.length);

    severable.proxy.set('closed');
    const answer = await verify([...warm, cold]);
    expect([answer.status, answer.headers.get('retry-after'), answer.body.data]).toEqual([503, '1', null]);

    severable.proxy.set('open');
    expect((await verify([...warm, cold])).status).toBe(200);
    expect(await counted()).toBe(2 * warm.length + 1);
  }, 20_000);
});
