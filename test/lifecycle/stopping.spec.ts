import { Agent, get } from 'node:http';
import type { RowDataPacket } from 'mysql2/promise';
import { idToBytes, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';

describe('a stop', () => {
  let latchkey: TestApp;
  let organizationId: OrganizationId;
  let id: ApiKeyId;
  let secret: string;

  beforeAll(async () => {
    latchkey = await TestApp.start();
  });

  afterAll(() => latchkey.close());

  beforeEach(async () => {
    organizationId = await latchkey.createOrganization();
    ({ id, secret } = await latchkey.createKey(organizationId));
  });

  afterEach(() => endProcesses());

  const launch = (env: Readonly<Record<string, string>> = {}, program: 'main' | 'start' = 'main') =>
    new TestProcess({ program, database: latchkey.schema.url, env });

  async function totalRequests(): Promise<number> {
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT total_requests FROM api_key_metrics WHERE key_id = ?',
      [idToBytes('api_key_', id)],
    );
    return Number(rows[0]?.total_requests ?? 0);
  }

  it('by SIGTERM turns readiness off and goes on answering for SHUTDOWN_DELAY_MS, then ends with 0', async () => {
    const product = launch({ SHUTDOWN_DELAY_MS: '1500' });
    const url = await product.ready();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    product.signal('SIGTERM');
    await product.prints('stopping: SIGTERM');

    const ready = await fetch(`${url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ status: 'draining' })]);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);
    expect((await send(url, 'POST', KEYS, { secret, body: { label: 'Late' } })).status).toBe(200);
    expect(await product.ends()).toBe(0);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  it('finishes the request that is under way, writes its count and lets no new connection in', async () => {
    const product = launch();
    const url = await product.ready();
    const { connection } = latchkey.schema;
    await connection.beginTransaction();
    await connection.query('SELECT id FROM api_keys WHERE id = ? FOR UPDATE', [idToBytes('api_key_', id)]);
    const underWay = send(url, 'POST', KEYS, { secret, body: { label: 'Under way' } });
    await eventually('the request waits for the lock', async () => {
      const [processes] = await connection.query<RowDataPacket[]>('SHOW FULL PROCESSLIST');
      return processes.some(
        ({ db, Info }) => db === latchkey.schema.name && /^SELECT .* FOR UPDATE$/s.test(String(Info)),
      );
    });
    product.signal('SIGTERM');
    await eventually('the listener is closed', () =>
      fetch(`${url}/health/live`).then(
        () => false,
        () => true,
      ),
    );
    await connection.rollback();

    expect((await underWay).status).toBe(200);
    expect(await product.ends()).toBe(0);
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT total_requests FROM api_key_metrics WHERE key_id = ?',
      [idToBytes('api_key_', id)],
    );
    expect(rows).toEqual([{ total_requests: 1 }]);
  });

  it('does not wait for clients that keep an idle connection open', async () => {
    const product = launch();
    const url = await product.ready();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      get(`${url}/health/live`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });

    expect(await product.stop()).toBe(0);
    agent.destroy();
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    'by %s writes what was counted, and ends with 0',
    async (signal) => {
      const product = launch({}, 'main');
      const url = await product.ready();
      expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);
      product.signal(signal);

      expect(await product.ends()).toBe(0);
      expect(product.output).toContain(`stopping: ${signal}`);
      expect(await totalRequests()).toBe(1);
    },
  );

  it.each(['SIGUSR2', 'SIGPIPE'] as const)('is not what %s asks for', async (signal) => {
    const product = launch();
    const url = await product.ready();
    product.signal(signal);

    expect((await send(url, 'GET', KEYS, { secret })).status).toBe(200);
    expect(await product.stop()).toBe(0);
    expect(await totalRequests()).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)('by %s twice is one stop', async (signal) => {
    const product = launch({ SHUTDOWN_DELAY_MS: '300' });
    await product.ready();
    product.signal(signal);
    await product.prints(`stopping: ${signal}`);
    product.signal(signal);

    expect(await product.ends()).toBe(0);
    expect(product.output.match(/stopping:/g)).toHaveLength(1);
  });

  it('follows when the process that started it is gone', async () => {
    const product = launch({}, 'start');
    await product.prints('To make a key:');
    product.disconnect();

    expect(await product.ends()).toBe(0);
    expect(product.output).toContain('the parent process has exited');
  });

  it('ends in time, with 0, although the database has gone before it', async () => {
    const product = launch();
    await product.ready();
    await latchkey.schema.connection
      .query<RowDataPacket[]>('SHOW FULL PROCESSLIST')
      .then(([processes]) =>
        Promise.all(
          processes
            .filter(({ db, Id }) => db === latchkey.schema.name && Id !== latchkey.schema.connection.threadId)
            .map(({ Id }) => latchkey.schema.connection.query(`KILL ${Number(Id)}`)),
        ),
      );

    expect(await product.stop()).toBe(0);
  });
});
