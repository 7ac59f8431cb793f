import type { RowDataPacket } from 'mysql2/promise';
import { assignPepperVersions, UnknownPepperError } from '../../src/secrets/pepper-versions.js';
import { newId } from '../../src/common/prefixed-id.js';
import { PepperKeyring } from '../../src/secrets/pepper-keyring.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { createSecret, PepperInstances, statusOf } from '../support/pepper-instances.js';
import { createSchema, type TestSchema } from '../support/schema.js';

const [FIRST, SECOND, THIRD] = ['first', 'second', 'third'].map(
  (name) => `${name}-pepper-of-the-tests-32-bytes-long`,
) as [string, string, string];

describe('the pepper', () => {
  let instances: PepperInstances;

  beforeEach(async () => {
    instances = await PepperInstances.open();
  });

  afterEach(async () => {
    await endProcesses();
    await instances.close();
  });

  async function versionsOfSecrets(): Promise<unknown[]> {
    const [rows] = await instances.schema.connection.query<RowDataPacket[]>(
      'SELECT pepper_version FROM api_key_secrets ORDER BY id',
    );
    return rows.map(({ pepper_version: version }) => version as unknown);
  }

  describe('that the data was not made with', () => {
    it('is refused at the start, with the ways out', async () => {
      await createSecret(await instances.start(FIRST));
      const product = new TestProcess({ database: instances.schema.url, env: { SECRET_PEPPER: SECOND } });

      expect(await product.ends()).toBe(1);
      for (const wayOut of [
        'another SECRET_PEPPER',
        'SECRET_PEPPER_RETIRED',
        'BCRYPT_RECOVERY=on',
        'DATA_DIR/pepper',
      ]) {
        expect(product.stderr).toContain(wayOut);
      }
      expect(product.output).not.toContain('listening');
      expect(product.output).not.toContain(SECOND);
    });

    it('is refused although it was good once: the newest counts', async () => {
      await instances.start(FIRST);
      await instances.start(SECOND, FIRST);

      await expect(instances.start(FIRST)).rejects.toThrow(UnknownPepperError);
    });

    it('is accepted with BCRYPT_RECOVERY=on: each key is checked by bcrypt once and then has a digest again', async () => {
      const old = await createSecret(await instances.start(FIRST));
      const recovering = await instances.start(SECOND, '', { BCRYPT_RECOVERY: 'on' });

      expect(await statusOf(recovering, old)).toBe(200);
      expect(await versionsOfSecrets()).toEqual([2]);
      expect(await statusOf(await instances.start(SECOND), old)).toBe(200);
    });
  });

  describe('in a rotation', () => {
    it('gives way to the next one, while old keys go on working', async () => {
      const before = await instances.start(FIRST);
      const organizationId = await before.createOrganization();
      const old = await createSecret(before, organizationId);
      const after = await instances.start(SECOND, FIRST);
      const young = await createSecret(after, organizationId);

      expect([await statusOf(after, old), await statusOf(after, young)]).toEqual([200, 200]);
      expect((await versionsOfSecrets()).at(-1)).toBe(2);
    });

    it('is reported at each start with the living keys that still need an older one, as a warning if it is not set', async () => {
      const before = await instances.start(FIRST);
      const secrets = [await createSecret(before), await createSecret(before), await createSecret(before)];
      await instances.schema.connection.query('UPDATE api_keys SET deleted_at = UTC_TIMESTAMP() LIMIT 1');
      const retired = new TestProcess({
        database: instances.schema.url,
        env: { SECRET_PEPPER: SECOND, SECRET_PEPPER_RETIRED: FIRST },
      });
      await retired.prints(/"info".*2 keys still use pepper 1:/);
      const forgotten = new TestProcess({ database: instances.schema.url, env: { SECRET_PEPPER: SECOND } });
      await forgotten.prints(/"warn".*2 keys use pepper 1, which is not set/);

      const url = await retired.ready();
      for (const secret of secrets) {
        await send(url, 'GET', KEYS, { secret });
      }
      await eventually('the living ones have moved', async () => !(await versionsOfSecrets()).slice(1).includes(1));
      expect([await retired.stop(), await forgotten.stop()]).toEqual([0, 0]);
      const after = new TestProcess({ database: instances.schema.url, env: { SECRET_PEPPER: SECOND } });
      await after.ready();
      expect(await after.stop()).toBe(0);
      expect(after.output).not.toContain('under pepper');
    });

    it('leaves the keys of a pepper that is retired for good without access', async () => {
      const old = await createSecret(await instances.start(FIRST));
      await instances.start(SECOND, FIRST);

      expect(await statusOf(await instances.start(SECOND), old)).toBe(401);
    });

    it('that has reached other instances first, is an outage here and no verdict about their keys', async () => {
      const behind = await instances.start(FIRST);
      const young = await createSecret(await instances.start(SECOND, FIRST));

      expect(await statusOf(behind, young)).toBe(503);
    });
  });

  describe('has a version in the database, which', () => {
    async function versionOf(pepper: string, retired: readonly string[] = []): Promise<number> {
      const ring = new PepperKeyring({
        pepper: Buffer.from(pepper),
        retiredPeppers: retired.map((text) => Buffer.from(text)),
      });
      await assignPepperVersions(instances.database, ring, { bcryptRecovery: false });
      const binding = { keyId: newId('api_key_'), organizationId: newId('org_') };
      return ring.digest('secret', binding).pepperVersion;
    }

    it('stays the same, in whatever order peppers are configured', async () => {
      expect(await versionOf(FIRST)).toBe(1);
      expect(await versionOf(SECOND, [FIRST])).toBe(2);
      expect(await versionOf(FIRST, [SECOND])).toBe(1);
      expect(await versionOf(THIRD, [FIRST, SECOND])).toBe(3);
      expect(await versionOf(SECOND, [THIRD])).toBe(2);
    });

    it('reveals nothing about the pepper', async () => {
      await versionOf(FIRST);
      const [rows] = await instances.schema.connection.query<RowDataPacket[]>(
        "SELECT * FROM settings WHERE name LIKE 'pepper%'",
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain(FIRST);
      expect(JSON.stringify(rows)).not.toContain(Buffer.from(FIRST).toString('hex'));
    });

    it('is the same for many instances that start at the same moment', async () => {
      for (let round = 0; round < 5; round += 1) {
        await instances.schema.connection.query('DELETE FROM settings');
        expect(await Promise.all(Array.from({ length: 5 }, () => versionOf(FIRST)))).toEqual([1, 1, 1, 1, 1]);
        const added = [versionOf(SECOND, [FIRST]), versionOf(SECOND, [FIRST]), versionOf(FIRST, [SECOND])];
        expect(await Promise.all(added)).toEqual([2, 2, 1]);
      }
    });
  });
});

describe('two fresh processes', () => {
  let schema: TestSchema;

  beforeEach(async () => {
    schema = await createSchema();
  });

  afterEach(async () => {
    await endProcesses();
    await schema.drop();
  });

  it('that start at once on an empty schema both come up, with one first key between them', async () => {
    const both = [1, 2].map(() => new TestProcess({ program: 'start', database: schema.url }));
    const urls = await Promise.all(both.map((product) => product.ready()));

    for (const url of urls) {
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    }
    const [organizations] = await schema.connection.query<RowDataPacket[]>('SELECT name FROM organizations');
    expect(organizations).toEqual([{ name: 'Development' }]);
    expect(await Promise.all(both.map((product) => product.stop()))).toEqual([0, 0]);
  });
});
