import type { RowDataPacket } from 'mysql2/promise';
import { untilChangesRead } from '../support/database-changes.js';
import { eventually } from '../support/eventually.js';
import { createSecret, PepperInstances, statusOf } from '../support/pepper-instances.js';

const [OLD, NEW] = ['old', 'new'].map((name) => `${name}-pepper-of-the-tests-32-bytes-long`) as [string, string];

describe('a rotation of the pepper', () => {
  let instances: PepperInstances;

  beforeEach(async () => {
    instances = await PepperInstances.open();
  });
  afterEach(() => instances.close());

  async function row(): Promise<{ version: number | null; digest: string | null; hash: string }> {
    const [rows] = await instances.schema.connection.query<RowDataPacket[]>(
      'SELECT pepper_version AS version, HEX(digest) AS digest, secret_hash AS hash FROM api_key_secrets',
    );
    return rows[0] as never;
  }
  const untilVersion = (version: number) =>
    eventually(`version ${version}`, async () => (await row()).version === version);

  it('moves a secret to the new pepper when it is seen, upward only, while an instance that prefers the old one runs too', async () => {
    const behind = await instances.start(OLD);
    const secret = await createSecret(behind);
    expect((await row()).version).toBe(1);
    const ahead = await instances.start(NEW, OLD);
    const prepared = await instances.start(OLD, NEW);

    expect(await statusOf(ahead, secret)).toBe(200);
    // Not by the request that saw it.
    expect((await row()).version).toBe(1);
    await untilVersion(2);
    const moved = await row();
    for (let i = 0; i < 3; i++) {
      expect([await statusOf(ahead, secret), await statusOf(prepared, secret)]).toEqual([200, 200]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await row()).toEqual(moved);
  }, 60_000);

  it('is an outage, never an answer about the key, to an instance that does not know the new pepper', async () => {
    const behind = await instances.start(OLD);
    const secret = await createSecret(behind);
    const ahead = await instances.start(NEW, OLD);
    expect(await statusOf(ahead, secret)).toBe(200);
    await untilVersion(2);
    expect(await statusOf(behind, secret)).toBe(503);
  }, 60_000);

  it('after which the old pepper is lost can be recovered: by bcrypt once, and known to every instance within the bound', async () => {
    const before = await instances.start(OLD);
    const secret = await createSecret(before);
    await instances.stopAll();

    const recovering = await instances.start(NEW, '', { BCRYPT_RECOVERY: 'on' });
    const strict = await instances.start(NEW);
    await Promise.all([untilChangesRead(recovering), untilChangesRead(strict)]);
    expect(await statusOf(strict, secret)).toBe(401);
    expect(await statusOf(recovering, secret)).toBe(200);
    expect((await row()).version).toBe(2);
    // Its cache held the row without a digest, which it cannot verify.
    await untilChangesRead(strict);
    expect(await statusOf(strict, secret)).toBe(200);
    await instances.schema.connection.query("UPDATE api_key_secrets SET secret_hash = ''");
    expect([await statusOf(recovering, secret), await statusOf(strict, secret)]).toEqual([200, 200]);
  }, 60_000);
});
