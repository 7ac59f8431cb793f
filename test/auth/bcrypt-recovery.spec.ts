import type { RowDataPacket } from 'mysql2';
import { bytesToId, idToBytes } from '../../src/common/prefixed-id.js';
import type { Answer } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { expectFailure, invalidToken } from '../support/expect-answer.js';
import { changeInDatabase, untilChangesRead } from '../support/database-changes.js';
import { forge, secretIdOf } from '../support/secrets.js';

const UNKNOWN = 'This API key is not valid.';

interface Key {
  readonly id: string;
  readonly secret: string;
}

/** How a test sets the row of a secret. */
class SecretRow {
  private readonly secretId: Buffer;

  constructor(
    private readonly fixture: Fixture,
    private readonly key: Key,
  ) {
    this.secretId = secretIdOf(key.secret);
  }

  async set(sql: string, values: readonly unknown[] = []): Promise<void> {
    const statement = `UPDATE api_key_secrets SET ${sql} WHERE id = ?`;
    await changeInDatabase(this.fixture.app.schema.name, this.key.id, [statement, ...values, this.secretId]);
    await untilChangesRead(this.fixture.app);
  }

  /** Lets it belong to another key, and records both changes. */
  async pointTo({ id }: { readonly id: string }): Promise<void> {
    const { key_id } = await this.read();
    await this.set('key_id = ?', [idToBytes('api_key_', id)]);
    await changeInDatabase(this.fixture.app.schema.name, bytesToId('api_key_', key_id as Buffer));
    await changeInDatabase(this.fixture.app.schema.name, id);
    await untilChangesRead(this.fixture.app);
  }

  async read(): Promise<RowDataPacket> {
    const [rows] = await this.fixture.app.schema.connection.query<RowDataPacket[]>(
      'SELECT * FROM api_key_secrets WHERE id = ?',
      [this.secretId],
    );
    const [row] = rows;
    if (row === undefined) {
      throw new Error('the secret has no row');
    }
    return row;
  }

  /** As an import, or a lost pepper, leaves it. */
  forgetDigest(): Promise<void> {
    return this.set('digest = NULL, pepper_version = NULL');
  }
}

function expectUnknown(answer: Answer): void {
  expectFailure(answer, 401, { error: UNKNOWN, challenge: invalidToken(UNKNOWN) });
}

/** Rows that lie about whose secret they hold: none may verify, whatever the setting. */
function describeForgedRows(fixtureOf: () => Fixture): void {
  describe('a forged row', () => {
    it("never verifies with another key's digest", async () => {
      const fixture = fixtureOf();
      const [key, other] = await Promise.all([fixture.createKey(), fixture.createKey()]);
      const { digest } = await new SecretRow(fixture, other).read();
      await new SecretRow(fixture, key).set('digest = ?', [digest]);
      expectUnknown(await fixture.clientOf(key).list());
      expect((await fixture.clientOf(other).list()).status).toBe(200);
    });

    it('never verifies once it is repointed to another key, in the same organization or not', async () => {
      const fixture = fixtureOf();
      const [key, strong, foreign] = await Promise.all([
        fixture.createKey({ scopes: ['api_keys.read'] }),
        fixture.createKey(),
        fixture.createForeignKey(),
      ]);
      const row = new SecretRow(fixture, key);
      for (const other of [strong, foreign]) {
        await row.pointTo(other);
        expectUnknown(await fixture.clientOf(key).list());
      }
      await row.pointTo(key);
      expect((await fixture.clientOf(key).list()).status).toBe(200);
    });

    it('never verifies once its key is moved to another organization', async () => {
      const fixture = fixtureOf();
      const [key, foreign] = await Promise.all([fixture.createKey(), fixture.createForeignKey()]);
      await fixture.setColumn(
        key.id,
        'organization_id',
        `X'${idToBytes('org_', foreign.organization_id).toString('hex')}'`,
      );
      expectUnknown(await fixture.clientOf(key).list());
    });

    it('never verifies with a digest that was flipped by one bit', async () => {
      const fixture = fixtureOf();
      const key = await fixture.createKey();
      const row = new SecretRow(fixture, key);
      const digest = Buffer.from((await row.read()).digest as Buffer);
      digest.writeUInt8(digest.readUInt8(31) ^ 1, 31);
      await row.set('digest = ?', [digest]);
      expectUnknown(await fixture.clientOf(key).list());
    });
  });
}

describe('without BCRYPT_RECOVERY', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  describeForgedRows(() => fixture);

  it.each([
    ['digest and pepper version', 'digest = NULL, pepper_version = NULL'],
    ['digest', 'digest = NULL'],
    ['pepper version', 'pepper_version = NULL'],
  ])('a row without %s never verifies, although its bcrypt record is right, and stays as it is', async (_, sql) => {
    const key = await fixture.createKey();
    const row = new SecretRow(fixture, key);
    await row.set(sql);
    const before = await row.read();
    expectUnknown(await fixture.clientOf(key).list());
    expect(await row.read()).toEqual(before);
  });

  it('a digest of a pepper that only a newer instance has is an outage, never an answer about the key', async () => {
    const key = await fixture.createKey();
    await new SecretRow(fixture, key).set('pepper_version = 99');
    const answer = await fixture.clientOf(key).list();
    expectFailure(answer, 503);
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('with BCRYPT_RECOVERY=on', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: { BCRYPT_RECOVERY: 'on' } });
  });
  afterAll(() => fixture.app.close());

  describeForgedRows(() => fixture);

  it('a row without a digest is checked by bcrypt once and given the same digest as at first', async () => {
    const key = await fixture.createKey();
    const row = new SecretRow(fixture, key);
    const before = await row.read();
    await row.forgetDigest();
    expect((await fixture.clientOf(key).list()).status).toBe(200);
    expect(await row.read()).toEqual(before);
  });

  it('does not look at the bcrypt record again, once there is a digest', async () => {
    const key = await fixture.createKey();
    const row = new SecretRow(fixture, key);
    await row.forgetDigest();
    expect((await fixture.clientOf(key).list()).status).toBe(200);
    await row.set("secret_hash = ''");
    expect((await fixture.clientOf(key).list()).status).toBe(200);
  });

  it('refuses another secret of the same id, and gives it no digest', async () => {
    const key = await fixture.createKey();
    const row = new SecretRow(fixture, key);
    await row.forgetDigest();
    expectUnknown(await fixture.clientOf({ secret: forge(key.secret) }).list());
    expect(await row.read()).toMatchObject({ digest: null, pepper_version: null });
    expect((await fixture.clientOf(key).list()).status).toBe(200);
  });

  it('revives no dead key: what bcrypt confirms is verified like any other', async () => {
    const key = await fixture.createKey();
    await new SecretRow(fixture, key).forgetDigest();
    await fixture.setColumn(key.id, 'disabled_at', 'UTC_TIMESTAMP()');
    const error = 'This API key is disabled.';
    expectFailure(await fixture.clientOf(key).list(), 401, { error, challenge: invalidToken(error) });
  });

  it('responds 503 to a crowd with one secret, never 401, and lets it in once it is checked', async () => {
    const key = await fixture.createKey();
    await new SecretRow(fixture, key).forgetDigest();
    const answers = await Promise.all(Array.from({ length: 6 }, () => fixture.clientOf(key).list()));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    answers
      .filter(({ status }) => status === 503)
      .forEach((answer) => {
        expect(answer.headers.get('retry-after')).toBe('1');
      });
    expect((await fixture.clientOf(key).list()).status).toBe(200);
  });
});
