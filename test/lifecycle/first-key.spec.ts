import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RowDataPacket } from 'mysql2/promise';
import { SCOPES } from '../../src/common/access/scope.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { itWithCurl } from '../support/curl.js';
import { createSchema, type TestSchema } from '../support/schema.js';

interface FirstKeyFile {
  readonly organization_id: string;
  readonly id: string;
  readonly secret: string;
}

describe('the first start', () => {
  let schema: TestSchema;
  let dataDir: string;
  let file: string;

  beforeEach(async () => {
    schema = await createSchema();
    dataDir = join(makeFolder(), 'data');
    file = join(dataDir, 'first-key.json');
  });

  afterEach(async () => {
    await endProcesses();
    await schema.drop();
  });

  const launch = (env: Readonly<Record<string, string>> = {}) =>
    new TestProcess({ program: 'start', database: schema.url, env: { DATA_DIR: dataDir, ...env } });

  const read = () => JSON.parse(readFileSync(file, 'utf8')) as FirstKeyFile;

  async function rowsIn(table: string): Promise<number> {
    const [rows] = await schema.connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS count FROM ${table}`);
    return Number(rows[0]?.count);
  }

  it('on an empty database makes a key with every scope, prints its secret once and keeps it for its owner alone', async () => {
    const product = launch();
    const url = await product.ready();
    await product.prints('Latchkey is ready.');
    const { organization_id: organizationId, id, secret } = read();

    expect(Object.keys(read())).toEqual(['organization_id', 'id', 'secret']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o077).toBe(0);
    const answer = await send(url, 'GET', `${KEYS}/${id}`, { secret });
    expect(answer.body.data).toMatchObject({
      organization_id: organizationId,
      scopes: SCOPES,
      ip_allow_list: [],
      expires_at: null,
    });
    const [organizations] = await schema.connection.query<RowDataPacket[]>('SELECT name FROM organizations');
    expect(organizations).toEqual([{ name: 'Development' }]);
    expect(product.output.split(secret)).toHaveLength(2);
  });

  itWithCurl('prints a curl that works when pasted', async () => {
    const product = launch();
    await product.prints(/-d '\{.*\}'\n/);
    const command = /^ +SECRET=.*\n +curl (?:.*\\\n)*.*$/m.exec(product.stdout)?.[0] ?? '';
    const { stdout } = await promisify(execFile)('bash', ['-c', command]);

    expect(JSON.parse(stdout)).toMatchObject({
      status: 200,
      message: 'Resource created successfully',
      data: { label: 'My API Key', scopes: ['products.create'], secret: expect.stringMatching(/^sk_live_/) as unknown },
    });
  });

  it('prints no character of its settings that a terminal obeys', async () => {
    const product = launch({ DATA_DIR: `${dataDir}\u009b31m\u202e` });
    await product.prints('Your first API key');
    const [, banner = ''] = product.stdout.split('Latchkey is ready.');
    expect(banner).toContain('\\u009b31m\\u202e');
    expect(banner).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  it('replaces a link that waits for the file, and does not write through it', async () => {
    const victim = join(makeFolder(), 'victim');
    writeFileSync(victim, 'untouched');
    mkdirSync(dataDir);
    symlinkSync(victim, file);
    await launch().prints('Latchkey is ready.');

    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(lstatSync(file).isSymbolicLink()).toBe(false);
    expect(read().secret).toMatch(/^sk_live_/);
  });

  it('prints the key also where DATA_DIR cannot be written', async () => {
    const product = launch({ DATA_DIR: '/dev/null/data' });
    const [, secret = ''] = await product.prints(/shown once, and kept nowhere else[^]*?SECRET='(sk_live_\w+)'/);

    expect((await send(await product.ready(), 'GET', KEYS, { secret })).status).toBe(200);
  });

  it('is the only one: a second makes no key and names the command that does', async () => {
    const first = launch();
    await first.prints('Latchkey is ready.');
    await first.stop();
    const before = readFileSync(file, 'utf8');
    const second = launch();
    await second.prints('Latchkey is ready.');
    await second.prints('create-key --organization');

    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(second.output).not.toContain(read().secret);
    expect([await rowsIn('organizations'), await rowsIn('api_keys')]).toEqual([1, 1]);
    expect((await send(await second.ready(), 'GET', KEYS, { secret: read().secret })).status).toBe(200);
  });

  it.each([
    ['in production', { APP_ENV: 'production', TRUST_PROXY: 'none', HOST: '127.0.0.1', SHUTDOWN_DELAY_MS: '0' }],
    ['on an address that others can reach', { HOST: '0.0.0.0' }],
  ])('%s makes no key', async (_, env) => {
    const product = launch(env);
    await product.prints('Latchkey is ready.');
    await product.prints('create-key --organization');

    expect([await rowsIn('organizations'), await rowsIn('api_keys')]).toEqual([0, 0]);
    expect(existsSync(file)).toBe(false);
    expect(product.output).not.toContain('sk_live_');
  });

  it('by the program that containers run makes no key either', async () => {
    const migrated = launch({ HOST: '0.0.0.0' });
    await migrated.prints('Latchkey is ready.');
    await migrated.stop();
    const product = new TestProcess({ database: schema.url, env: { DATA_DIR: dataDir } });
    await product.ready();

    expect(await rowsIn('organizations')).toBe(0);
    expect(existsSync(file)).toBe(false);
  });
});
